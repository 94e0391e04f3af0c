import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createObjectHasher, isStorageError, type ObjectInfo } from '@backstream/storage'
import { compareStored } from './compare-stored.ts'
import type { HeadObject } from './describe-object.ts'

const small = digestOf('some bytes', 100)
const smallCrc32 = small.crc32 ?? ''
const inParts = digestOf('some bytes in parts', 10)

test('takes the strongest statement of the store that agrees', () => {
  const composite = false
  assert.equal(compare({ checksums: { crc32: smallCrc32, composite } }), 'crc32')
  const sha256 = Buffer.from(small.sha256, 'hex').toString('base64')
  assert.equal(compare({ checksums: { sha256, composite } }), 'sha256')
  assert.equal(compare({}), 'md5')
  assert.equal(compare({ etag: undefined }), 'size')
})

test('compares the ETag of an object in parts', () => {
  assert.match(inParts.etag ?? '', /^[0-9a-f]{32}-2$/)
  const info = { bytes: inParts.bytes, etag: inParts.etag }
  assert.equal(compareStored(stored(info), sent(inParts)), 'md5')
})

test('is content with no less than everything that can be compared', () => {
  const otherEtag = 'f'.repeat(32)
  const mismatches: Partial<ObjectInfo>[] = [
    { bytes: small.bytes + 1 },
    { etag: otherEtag },
    { checksums: { crc32: 'AAAAAA==', composite: false } },
    { etag: otherEtag, checksums: { crc32: smallCrc32, composite: false } },
  ]
  for (const mismatch of mismatches) {
    assert.throws(
      () => compare(mismatch),
      (error) => isStorageError(error, 'corrupt'),
      JSON.stringify(mismatch),
    )
  }
})

test('leaves aside what says nothing about the bytes', () => {
  assert.equal(compare({ checksums: { crc32: 'AAAAAA==-2', composite: true } }), 'md5')
  assert.equal(compare({ etag: 'CKicn4fknv4CEAE=' }), 'size')
  assert.equal(compare({ etag: `${'f'.repeat(32)}-1` }), 'size')
  const encrypted = { ...stored({ etag: 'f'.repeat(32) }), hasOpaqueEtag: true }
  assert.equal(compareStored(encrypted, sent(small)), 'size')
})

function compare(info: Partial<ObjectInfo>) {
  return compareStored(stored(info), sent(small))
}

function sent(digest: typeof small) {
  return { location: 's3://bucket/key', digest, md5Etags: true }
}

function stored(info: Partial<ObjectInfo>): HeadObject {
  return {
    hasOpaqueEtag: false,
    info: {
      bytes: small.bytes,
      etag: small.etag,
      versionId: undefined,
      lastModifiedMs: 0,
      storageClass: undefined,
      checksums: { composite: false },
      ...info,
    },
  }
}

function digestOf(text: string, partBytes: number) {
  const hasher = createObjectHasher(partBytes)
  hasher.update(Buffer.from(text))
  return hasher.finish()
}
