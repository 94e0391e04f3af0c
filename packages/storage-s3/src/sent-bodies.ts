import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { S3Client } from '@aws-sdk/client-s3'

/** Bodies that the kernel had taken whole when their answer came: nothing here reads them any more. */
export type SentBodies = WeakSet<Uint8Array>

/** Encrypted in one go: a fraction of a millisecond. */
const sliceBytes = 256 << 10

interface SlicedBody {
  readonly stream: Readable
  /** All of it was passed on, which says nothing of where it is by now. */
  isPassedOn(): boolean
}

/**
 * Sends bodies, and notes which have left. An answer alone does not tell: a store, or a proxy before it,
 * may answer at the first bytes, and the socket then goes on sending from the same memory.
 *
 * Over TLS a body goes slice by slice, each when there is room for it: in one piece Node would encrypt
 * all of it at once, 16 MiB of CPU time on the event loop and as much memory again.
 */
export function watchSentBodies(client: S3Client): SentBodies {
  const sent: SentBodies = new WeakSet()
  client.middlewareStack.add(
    (next) => async (args) => {
      const { Body } = args.input as { Body?: unknown }
      const { protocol } = args.request as { protocol?: string }
      const sliced = Body instanceof Uint8Array && protocol === 'https:' ? slice(Body) : null
      const result = await next(sliced ? withBody(args, sliced.stream) : args)
      const { socket } = (result.response as { body: Partial<IncomingMessage> }).body
      if (!(Body instanceof Uint8Array) || !socket) return result
      const hasLeft = await isEmptySoon(socket)
      if (hasLeft && sliced?.isPassedOn() !== false) sent.add(Body)
      return result
    },
    // Next to the handler: the answer has just begun, and is still a stream.
    { step: 'deserialize', priority: 'low', name: 'backstreamSentBodies' },
  )
  return sent
}

/** The answer may be read before it is noticed that the last of the request was written. */
async function isEmptySoon(socket: Pick<Socket, 'writableLength'>): Promise<boolean> {
  for (let turn = 0; socket.writableLength > 0; turn++) {
    if (turn === 3) return false
    await nextTurn()
  }
  return true
}

function slice(body: Uint8Array): SlicedBody {
  let at = 0
  const slices = function* () {
    while (at < body.byteLength) {
      const start = at
      at = Math.min(at + sliceBytes, body.byteLength)
      yield body.subarray(start, at)
    }
  }
  const stream = Readable.from(slices())
  // Not the stream's end: that may be noticed after the answer.
  return { stream, isPassedOn: () => at === body.byteLength && stream.readableLength === 0 }
}

/** The signed request with another way to its bytes; the one that was given stays as it is. */
function withBody<Args extends { request: unknown }>(args: Args, body: Readable): Args {
  const request = Object.create(
    Object.getPrototypeOf(args.request),
    Object.getOwnPropertyDescriptors(args.request),
  )
  request.body = body
  return { ...args, request }
}
