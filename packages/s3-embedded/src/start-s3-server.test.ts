import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { startS3Server } from './start-s3-server.ts'
import { filesBelow } from './testing/files-below.ts'
import { startTestServer } from './testing/test-server.ts'
import { beginUpload, resumeUpload, uploadsOf } from './testing/uploads.ts'

const Bucket = 'box'
const limits = { minPartBytes: 1 }

test('keeps objects, versions and uploads over a restart', async () => {
  await using place = await temporaryDir()
  let first: { id: string | undefined; part: object }
  {
    await using box = await startTestServer({ dir: place.dir, limits })
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await box.s3.send(
      new PutObjectCommand({ Bucket, Key: 'key', Body: 'one', Metadata: { a: 'b' } }),
    )
    await box.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'two' }))
    await box.s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
    const upload = await beginUpload(box)
    first = { id: upload.UploadId, part: await upload.part(1, 'part one, ') }
  }
  await using box = await startTestServer({ dir: place.dir, limits })
  const listed = await box.s3.send(new ListObjectVersionsCommand({ Bucket }))
  assert.deepEqual(
    listed.Versions?.map(({ Size, IsLatest }) => [Size, IsLatest]),
    [
      [3, false],
      [3, false],
    ],
  )
  assert.equal(listed.DeleteMarkers?.[0]?.IsLatest, true)
  const one = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'key', VersionId: 'null' }))
  assert.deepEqual([await one.Body?.transformToString(), one.Metadata], ['one', { a: 'b' }])
  assert.deepEqual(
    (await uploadsOf(box)).map(({ UploadId }) => UploadId),
    [first.id],
  )
  const upload = resumeUpload(box, first.id, { Bucket, Key: 'dir/archive' })
  await upload.complete([first.part, await upload.part(2, 'part two')])
  const joined = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'dir/archive' }))
  assert.equal(await joined.Body?.transformToString(), 'part one, part two')
})

test('removes at the start what a crash left behind', async () => {
  await using place = await temporaryDir()
  await using box = await startTestServer({ dir: place.dir })
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' }))
  await box.server.close()
  const before = await filesBelow(place.dir)
  const bucketDir = join(place.dir, 'buckets', Bucket)
  await mkdir(join(bucketDir, 'data', 'ff'), { recursive: true })
  await mkdir(join(bucketDir, 'uploads', 'half-made'))
  await writeFile(join(bucketDir, 'data', 'ff', `ff${'0'.repeat(30)}`), 'no sidecar')
  await writeFile(join(bucketDir, 'tmp', 'half'), 'cut')
  await writeFile(join(place.dir, 'tmp', 'rest'), 'cut')
  await using again = await startTestServer({ dir: place.dir })
  assert.deepEqual(await filesBelow(place.dir), before)
  const got = await again.s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
  assert.equal(await got.Body?.transformToString(), 'content')
})

test('removes the bytes of what was replaced, deleted or aborted', async () => {
  await using box = await startTestServer({ limits })
  const before = await filesBelow(box.dir)
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'one' }))
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'two' }))
  const upload = await beginUpload(box)
  const part = await upload.part(1, 'used')
  await upload.part(2, 'not used')
  await upload.complete([part])
  for (const Key of ['key', 'dir/archive'])
    await box.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  assert.deepEqual(await filesBelow(box.dir), before)
})

test('gives a reader the whole object though it is replaced meanwhile', async () => {
  await using box = await startTestServer({ limits })
  const upload = await beginUpload(box, { Key: 'key' })
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(2_000_000))
  const parts = []
  for (const [at, text] of texts.entries()) parts.push(await upload.part(at + 1, text))
  await upload.complete(parts)
  const got = await box.s3.send(new GetObjectCommand({ Bucket, Key: 'key' }))
  await box.s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'new' }))
  assert.equal(await got.Body?.transformToString(), texts.join(''))
})

test('listens on this machine only', async () => {
  await using place = await temporaryDir()
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com']) {
    await assert.rejects(startS3Server({ dir: place.dir, host }), { code: 'bad-option' })
  }
})

test('closes twice without complaint', async () => {
  await using box = await startTestServer()
  await box.server.close()
  await box.server.close()
})

async function temporaryDir(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 's3-embedded-test-'))
  return {
    dir,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  }
}
