import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { createObjectHasher } from './object-digest.ts'

test('knows the published check values', () => {
  const hasher = createObjectHasher(1000)
  hasher.update(Buffer.from('123456789'))
  const digest = hasher.finish()
  assert.equal(Buffer.from(digest.crc32 ?? '', 'base64').toString('hex'), 'cbf43926')
  assert.equal(digest.etag, '25f9e794323b453885f5181f1b624d0b')
  assert.equal(digest.sha256, '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225')
  assert.equal(digest.bytes, 9)
})

test('takes nothing for one empty part', () => {
  const digest = createObjectHasher(1000).finish()
  assert.equal(digest.etag, createHash('md5').digest('hex'))
  assert.equal(digest.parts.length, 1)
  assert.equal(digest.bytes, 0)
})

test('cuts parts at the same bytes however the slices fall', () => {
  const bytes = Buffer.alloc(2500, 'abcdefg')
  const digests = [[2500], [1], [999, 2], [1000], [1001], [7, 1500, 1]].map((sizes) => {
    const hasher = createObjectHasher(1000, { hasPartSha256: true })
    for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
      const size = sizes[turn % sizes.length]!
      hasher.update(bytes.subarray(at, at + size))
      at += size
    }
    return hasher.finish()
  })
  for (const digest of digests) assert.deepEqual(digest, digests[0])
  const whole = Buffer.alloc(4)
  whole.writeUInt32BE(crc32(bytes))
  assert.equal(digests[0]?.crc32, whole.toString('base64'))

  const parts = [bytes.subarray(0, 1000), bytes.subarray(1000, 2000), bytes.subarray(2000)]
  const md5s = parts.map((part) => createHash('md5').update(part).digest())
  const etag = createHash('md5').update(Buffer.concat(md5s)).digest('hex')
  assert.equal(digests[0]?.etag, `${etag}-3`)
  assert.deepEqual(
    digests[0].parts.map(({ bytes: length, md5, sha256 }) => ({ length, md5, sha256 })),
    parts.map((part, index) => ({
      length: part.byteLength,
      md5: md5s[index]?.toString('base64'),
      sha256: createHash('sha256').update(part).digest('hex'),
    })),
  )
})

test('has a part only once it is full, and a full one at once', () => {
  const hasher = createObjectHasher(1000)
  hasher.update(new Uint8Array(999))
  assert.equal(hasher.parts.length, 0)
  hasher.update(new Uint8Array(1))
  assert.equal(hasher.parts.length, 1)
  assert.equal(hasher.finish().parts.length, 1)
})

test('makes only the hashes that are asked for', () => {
  const hasher = createObjectHasher(1000, { hasMd5: false, hasCrc32: false })
  hasher.update(Buffer.from('123456789'))
  const { etag, crc32: whole, parts } = hasher.finish()
  assert.deepEqual(
    { etag, whole, parts },
    {
      etag: undefined,
      whole: undefined,
      parts: [{ bytes: 9, md5: undefined, crc32: undefined, sha256: undefined }],
    },
  )
})
