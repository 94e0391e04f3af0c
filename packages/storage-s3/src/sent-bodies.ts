import type { IncomingMessage } from 'node:http'
import type { S3Client } from '@aws-sdk/client-s3'

/** Bodies that the kernel had taken whole when their answer came: nothing here reads them any more. */
export type SentBodies = WeakSet<Uint8Array>

/**
 * Notes which bodies have left. An answer alone does not tell: a store, or a proxy before it, may
 * answer at the first bytes, and the socket then goes on sending from the same memory.
 */
export function watchSentBodies(client: S3Client): SentBodies {
  const sent: SentBodies = new WeakSet()
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const { Body } = args.input as { Body?: unknown }
      const { socket } = (result.response as { body: Partial<IncomingMessage> }).body
      if (Body instanceof Uint8Array && socket?.writableLength === 0) sent.add(Body)
      return result
    },
    // Next to the handler: the answer has just begun, and is still a stream.
    { step: 'deserialize', priority: 'low', name: 'backstreamSentBodies' },
  )
  return sent
}
