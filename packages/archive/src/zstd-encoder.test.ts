import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { outputBytes, ZstdEncoder } from './zstd-encoder.ts'

const options = { level: 3, frameBytes: 4 << 20 }

describe('ZstdEncoder', () => {
  it('makes one whole frame after the other, of bytes that shrink and that do not', async () => {
    const encoder = new ZstdEncoder(options)
    for (const plain of [randomBytes(4 << 20), Buffer.alloc(4 << 20, 'x'), randomBytes(1)]) {
      const frame = Buffer.concat(await encoder.frame(plain))
      assert.ok(zstdDecompressSync(frame).equals(plain))
    }
    encoder.close()
  })

  it('writes into the memory it is given, frame after frame', async () => {
    const encoder = new ZstdEncoder(options)
    const output = Buffer.allocUnsafeSlow(outputBytes(options.frameBytes))
    for (const plain of [randomBytes(4 << 20), Buffer.alloc(4 << 20, 'x'), randomBytes(1)]) {
      const pieces = await encoder.frame(plain, output)
      assert.ok(pieces.every((piece) => piece.buffer === output.buffer))
      assert.ok(zstdDecompressSync(Buffer.concat(pieces)).equals(plain))
    }
    encoder.close()
  })

  it('rejects a frame after it was closed, and gives no empty one', async () => {
    const encoder = new ZstdEncoder(options)
    encoder.close()
    await assert.rejects(encoder.frame(Buffer.from('late')))
  })
})
