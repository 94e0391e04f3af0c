import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Reply } from './reply.ts'

export interface Sending {
  readonly isHead: boolean
  /** Break the connection after so many bytes of the body. */
  readonly cutAfterBytes?: number | undefined
}

/** Sends it all, or rejects when the client has gone. Returns the bytes of the body that were sent. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  sending: Sending,
): Promise<number> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.statusCode = reply.status
  const { body } = reply
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body?.bytes
  if (bytes !== undefined) response.setHeader('content-length', String(bytes))
  else if (!sending.isHead && reply.status !== 204 && reply.status !== 304) {
    response.setHeader('content-length', '0')
  }
  if (sending.isHead || body === undefined) {
    response.end()
    return 0
  }
  const source = typeof body === 'string' ? oneChunk(body) : body.open()
  const limit = sending.cutAfterBytes
  if (limit === undefined) {
    await pipeline(Readable.from(source, { objectMode: false }), response)
    return bytes ?? 0
  }
  return sendSome(response, source, limit)
}

async function sendSome(
  response: ServerResponse,
  source: AsyncIterable<Buffer>,
  limit: number,
): Promise<number> {
  let left = limit
  response.flushHeaders()
  for await (const chunk of source) {
    const piece = chunk.subarray(0, left)
    left -= piece.length
    // The cut must not overtake what was sent before it.
    await new Promise((done) => response.write(piece, done))
    if (left === 0) break
  }
  response.destroy()
  return limit - left
}

async function* oneChunk(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}
