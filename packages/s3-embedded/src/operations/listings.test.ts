import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { errorOf, startTestServer, type TestServer } from '../testing/test-server.ts'
import { beginUpload, uploadsOf } from '../testing/uploads.ts'

const Bucket = 'box'
const Key = 'dir/archive'
const limits = { minPartBytes: 10, maxParts: 100 }
const keys = ['a', 'b/1', 'b/2', 'b/3/x', 'c d+e', 'd/', 'z\u{1f600}']

test('lists all pages in byte order with either version of the listing', async () => {
  await using box = await filledServer()
  const v2: (string | undefined)[] = []
  let token: string | undefined
  do {
    const page = await box.s3.send(
      new ListObjectsV2Command({ Bucket, MaxKeys: 3, ContinuationToken: token }),
    )
    assert.equal(page.KeyCount, page.Contents?.length)
    v2.push(...(page.Contents ?? []).map((object) => object.Key))
    token = page.NextContinuationToken
  } while (token)
  assert.deepEqual(v2, keys)
  const v1: (string | undefined)[] = []
  let Marker: string | undefined
  do {
    const page = await box.s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 3, Marker }))
    v1.push(...(page.Contents ?? []).map((object) => object.Key))
    Marker = page.IsTruncated ? v1.at(-1) : undefined
  } while (Marker)
  assert.deepEqual(v1, keys)
})

test('folds prefixes at the delimiter, also across pages of one', async () => {
  await using box = await filledServer()
  const seen: string[] = []
  let token: string | undefined
  do {
    const page = await box.s3.send(
      new ListObjectsV2Command({ Bucket, MaxKeys: 1, Delimiter: '/', ContinuationToken: token }),
    )
    assert.equal(page.KeyCount, 1)
    seen.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix ?? '')
    token = page.NextContinuationToken
  } while (token)
  assert.deepEqual(seen, ['a', 'b/', 'c d+e', 'd/', 'z\u{1f600}'])
  const below = await box.s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: 'b/', Delimiter: '/', StartAfter: 'b/1' }),
  )
  assert.deepEqual(
    below.Contents?.map((object) => object.Key),
    ['b/2'],
  )
  assert.deepEqual(below.CommonPrefixes, [{ Prefix: 'b/3/' }])
})

test('escapes keys when asked to', async () => {
  await using box = await filledServer()
  const page = await box.s3.send(
    new ListObjectsV2Command({ Bucket, Prefix: 'c ', EncodingType: 'url' }),
  )
  assert.equal(page.Contents?.[0]?.Key, 'c%20d%2Be')
  assert.equal(page.Prefix, 'c%20')
})

test('goes on in a listing whose last key was deleted meanwhile', async () => {
  await using box = await filledServer()
  const first = await box.s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2 }))
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key: 'b/1' }))
  const next = await box.s3.send(
    new ListObjectsV2Command({ Bucket, ContinuationToken: first.NextContinuationToken }),
  )
  assert.equal(next.Contents?.[0]?.Key, 'b/2')
})

test('refuses a token it never gave', async () => {
  await using box = await filledServer()
  const list = box.s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'made up' }))
  assert.equal((await errorOf(list)).name, 'InvalidArgument')
})

test('answers an empty page for a limit of zero', async () => {
  await using box = await filledServer()
  const page = await box.s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))
  assert.deepEqual([page.KeyCount, page.IsTruncated], [0, false])
})

test('lists parts page by page', async () => {
  await using box = await startTestServer({ limits })
  const { UploadId, part } = await beginUpload(box)
  for (const number of [7, 2, 5, 1, 9]) await part(number, `part ${number}`)
  const seen: (number | undefined)[][] = []
  let PartNumberMarker: string | undefined
  do {
    const page = await box.s3.send(
      new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2, PartNumberMarker }),
    )
    seen.push((page.Parts ?? []).map(({ PartNumber }) => PartNumber))
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (PartNumberMarker)
  assert.deepEqual(seen, [[1, 2], [5, 7], [9]])
})

test('lists uploads page by page, by key and age, with prefix and delimiter', async () => {
  await using box = await startTestServer({ limits })
  const ids = new Map<string, string[]>()
  for (const key of ['b', 'a/2', 'b', 'a/1', 'c', 'b']) {
    const { UploadId = '' } = await beginUpload(box, { Key: key })
    ids.set(key, [...(ids.get(key) ?? []), UploadId])
  }
  const seen = await uploadsOf(box, { MaxUploads: 2 })
  assert.deepEqual(
    seen.map(({ Key: key }) => key),
    ['a/1', 'a/2', 'b', 'b', 'b', 'c'],
  )
  assert.deepEqual(new Set(seen.map(({ UploadId }) => UploadId)), new Set([...ids.values()].flat()))
  const level = await box.s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }))
  assert.deepEqual(level.CommonPrefixes, [{ Prefix: 'a/' }])
  assert.equal(level.Uploads?.length, 4)
  assert.equal((await uploadsOf(box, { Prefix: 'a/2' })).length, 1)
})

async function filledServer(): Promise<TestServer> {
  const box = await startTestServer()
  for (const key of keys) await box.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: key }))
  return box
}
