import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BufferPool } from '@backstream/kernel'
import { type ByteSpan, fetchAhead } from './fetch-ahead.ts'

const bytes = Uint8Array.from({ length: 1000 }, (_, at) => at % 251)
const { signal } = new AbortController()

async function* chunksOf({ start, end }: ByteSpan): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += 7) yield bytes.subarray(at, Math.min(at + 7, end))
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

describe('fetchAhead', () => {
  it('gives the bytes of the span in order, whatever the pieces are', async () => {
    for (const pieceBytes of [1, 64, 333, 990, 5000]) {
      const options = { pieceBytes, ahead: 3, signal }
      const found = await collect(fetchAhead({ start: 10, end: 1000 }, chunksOf, options))
      assert.ok(found.equals(bytes.subarray(10)), `pieces of ${pieceBytes}`)
    }
  })

  it('fills the same memory again, from span to span', async () => {
    const memory = new BufferPool(64, { isShared: true })
    const buffers = new Set<ArrayBufferLike>()
    const options = { pieceBytes: 64, ahead: 3, memory, signal }
    for (const start of [0, 10, 100]) {
      const found: Buffer[] = []
      for await (const piece of fetchAhead({ start, end: 1000 }, chunksOf, options)) {
        buffers.add(piece.buffer)
        found.push(Buffer.from(piece))
      }
      assert.ok(Buffer.concat(found).equals(bytes.subarray(start)))
    }
    assert.equal(buffers.size, 3)
  })

  it('takes no more for a piece than was asked for', async () => {
    const tooMuch = ({ start, end }: ByteSpan) => chunksOf({ start, end: end + 1 })
    for (const memory of [undefined, new BufferPool(64)]) {
      const options = { pieceBytes: 64, ahead: 3, memory, signal }
      await assert.rejects(
        collect(fetchAhead({ start: 0, end: 900 }, tooMuch, options)),
        RangeError,
      )
    }
  })

  it('has several requests under way, and never more than it may', async () => {
    let underWay = 0
    let most = 0
    const fetch = async function* (piece: ByteSpan) {
      most = Math.max(most, ++underWay)
      yield* chunksOf(piece)
      underWay--
    }
    await collect(fetchAhead({ start: 0, end: 1000 }, fetch, { pieceBytes: 50, ahead: 4, signal }))
    assert.equal(most, 4)
  })

  it('ends with the first error, and lets go of what is under way', async () => {
    const reasons: unknown[] = []
    const fetch = async function* ({ start, end }: ByteSpan, pieceSignal: AbortSignal) {
      if (start === 100) throw new Error('cut')
      if (start > 100) {
        await new Promise((resolve) => pieceSignal.addEventListener('abort', resolve))
        reasons.push(pieceSignal.reason)
        pieceSignal.throwIfAborted()
      }
      yield bytes.subarray(start, end)
    }
    const options = { pieceBytes: 100, ahead: 4, signal }
    await assert.rejects(collect(fetchAhead({ start: 0, end: 1000 }, fetch, options)), {
      message: 'cut',
    })
    assert.ok(reasons.length > 0)
  })

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController()
    const fetch = async function* (piece: ByteSpan, pieceSignal: AbortSignal) {
      pieceSignal.throwIfAborted()
      yield* chunksOf(piece)
    }
    const options = { pieceBytes: 100, ahead: 2, signal: controller.signal }
    await assert.rejects(
      async () => {
        for await (const _ of fetchAhead({ start: 0, end: 1000 }, fetch, options)) {
          controller.abort(new Error('enough'))
        }
      },
      { message: 'enough' },
    )
  })
})
