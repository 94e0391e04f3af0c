import { allocateLarge } from '@backstream/kernel'
import type { RawDataPart } from './part-upload.ts'

/** Memory for parts, used again and again: what an upload holds does not depend on its length. */
export interface PartBuffers {
  take(): Buffer
  /** Only for a part that nobody reads any more. */
  giveBack(part: Uint8Array): void
}

export function createPartBuffers(partBytes: number): PartBuffers {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? allocateLarge(partBytes),
    giveBack: (part) => void free.push(Buffer.from(part.buffer, 0, partBytes)),
  }
}

/**
 * Equal parts of a whole buffer each, the last one as long as it comes. A part is passed on once
 * there is more behind it, or the chunks have ended: so the last is known to be the last, and
 * nothing at all is one empty part.
 */
export async function* cutParts(
  chunks: AsyncIterable<Uint8Array>,
  buffers: PartBuffers,
): AsyncGenerator<RawDataPart, void, undefined> {
  let buffer = buffers.take()
  let filled = 0
  let partNumber = 1
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      if (filled === buffer.byteLength) {
        yield { partNumber, data: buffer.subarray() }
        partNumber += 1
        buffer = buffers.take()
        filled = 0
      }
      const end = at + buffer.byteLength - filled
      const piece = chunk.subarray(at, end)
      buffer.set(piece, filled)
      filled += piece.byteLength
      at += piece.byteLength
    }
  }
  yield { partNumber, data: buffer.subarray(0, filled), lastPart: true }
}
