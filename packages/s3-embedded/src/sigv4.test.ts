import assert from 'node:assert/strict'
import { test } from 'node:test'
import { computeSignature, startChunkSigner } from './sigv4.ts'
import { sha256Hex } from './testing/signed-request.ts'

// The keys, requests and signatures of the examples in AWS's S3 API reference, "Authenticating Requests".
const scope = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  longDate: '20130524T000000Z',
}

test('computes the signature of the published GET Object example', async () => {
  const signature = await computeSignature(scope, {
    method: 'GET',
    canonicalPath: '/test.txt',
    query: new Map(),
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': sha256Hex(''),
      'x-amz-date': scope.longDate,
    },
    payloadHash: sha256Hex(''),
  })
  assert.equal(signature, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')
})

test('computes the signatures of the published chunked upload example', async () => {
  const seed = await computeSignature(scope, {
    method: 'PUT',
    canonicalPath: '/examplebucket/chunkObject.txt',
    query: new Map(),
    headers: {
      'content-encoding': 'aws-chunked',
      'content-length': '66824',
      host: 's3.amazonaws.com',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-date': scope.longDate,
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  })
  assert.equal(seed, '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9')
  const signer = await startChunkSigner(scope, seed)
  const first = signer.signChunk(seed, sha256Hex('a'.repeat(65_536)))
  const second = signer.signChunk(first, sha256Hex('a'.repeat(1024)))
  assert.deepEqual(
    [first, second, signer.signChunk(second, sha256Hex(''))],
    [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ],
  )
})
