import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { queryObjects } from 'node:v8'
import { constants, createZstdCompress, createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { OneWriteStream } from './one-write-stream.ts'

const compressing = () =>
  new OneWriteStream(createZstdCompress({ flush: constants.ZSTD_e_end, chunkSize: 64 }))

describe('OneWriteStream', () => {
  it('gives with each write what becomes of it, in pieces where it is long', async () => {
    const stream = compressing()
    for (const input of [randomBytes(1000), Buffer.alloc(1000), randomBytes(1)]) {
      const pieces = await stream.write(input)
      assert.ok(pieces.length > 1 || input.length === 1 || input[0] === 0)
      assert.deepEqual(zstdDecompressSync(Buffer.concat(pieces)), input)
    }
    stream.close()
  })

  it('rejects a write that fails, and every one after it', async () => {
    const stream = new OneWriteStream(createZstdDecompress())
    await assert.rejects(stream.write(Buffer.from('no zstd')), {
      code: 'ZSTD_error_prefix_unknown',
    })
    await assert.rejects(stream.write(Buffer.from('more')), { code: 'ZSTD_error_prefix_unknown' })
    stream.close()
  })

  it('gives nothing of a write during which it is closed', async () => {
    const stream = compressing()
    const written = stream.write(randomBytes(4 << 20))
    setImmediate(() => stream.close())
    await assert.rejects(written)
  })

  it('remembers nothing of a write: a run makes them by the hundred thousand', async () => {
    const stream = compressing()
    const writeMany = async () => {
      for (let left = 300; left > 0; left--) await stream.write(Buffer.from('x'))
    }
    await writeMany()
    const before = queryObjects(Promise, { format: 'count' })
    await writeMany()
    const more = queryObjects(Promise, { format: 'count' }) - before
    assert.ok(more < 100, `${more} promises more`)
    stream.close()
  })
})
