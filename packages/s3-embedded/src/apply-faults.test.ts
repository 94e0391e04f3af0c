import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { filesBelow } from './testing/files-below.ts'
import { sendSigned } from './testing/signed-request.ts'
import { errorOf, startTestServer } from './testing/test-server.ts'

const Bucket = 'box'
const target = { Bucket, Key: 'key' }
const put = new PutObjectCommand({ ...target, Body: Buffer.alloc(300_000, 7) })

test('answers the status without doing it, as often as told', async () => {
  await using box = await startTestServer()
  const fault = box.server.faults.add({
    match: { operation: 'PutObject' },
    times: 2,
    action: { status: 503 },
  })
  const client = box.client({ maxAttempts: 1 })
  assert.deepEqual(await errorOf(client.send(put)), { name: 'SlowDown', status: 503 })
  assert.deepEqual(await errorOf(client.send(new GetObjectCommand(target))), {
    name: 'NoSuchKey',
    status: 404,
  })
  assert.equal((await errorOf(client.send(put))).status, 503)
  await client.send(put)
  assert.equal(fault.hits, 2)
})

test('is overcome by a client that tries again', async () => {
  await using box = await startTestServer()
  box.server.faults.add({ match: { nth: 1 }, action: { status: 500 } })
  box.server.faults.add({ match: { nth: 2 }, action: { cut: 'before' } })
  await box.client({ maxAttempts: 3 }).send(put)
  assert.equal(box.server.requests.count('PutObject'), 3)
})

test('does it and answers 500, or nothing', async () => {
  await using box = await startTestServer()
  for (const action of [{ doThenStatus: 500 }, { doThenCut: true }] as const) {
    const fault = box.server.faults.add({ match: { operation: 'CompleteMultipartUpload' }, action })
    const Key = Object.keys(action)[0]
    const { UploadId } = await box.s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const part = { Bucket, Key, UploadId, PartNumber: 1, Body: 'content' }
    const { ETag, ChecksumCRC32 } = await box.s3.send(new UploadPartCommand(part))
    const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }]
    await assert.rejects(
      box.s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
      ),
    )
    assert.equal(fault.hits, 1)
    const got = await box.s3.send(new GetObjectCommand({ Bucket, Key }))
    assert.equal(await got.Body?.transformToString(), 'content')
    fault.remove()
  }
})

test('cuts an upload in its middle and keeps nothing of it', async () => {
  await using box = await startTestServer()
  const before = await filesBelow(box.dir)
  box.server.faults.add({
    match: { operation: 'PutObject' },
    action: { cut: 'mid-request', afterBytes: 100_000 },
  })
  await assert.rejects(box.s3.send(put))
  await box.server.requests.idle()
  const [logged] = box.server.requests.entries('PutObject')
  assert.equal(logged?.status, 0)
  assert.ok((logged?.bytesIn ?? 0) >= 100_000)
  assert.deepEqual(await filesBelow(box.dir), before)
  assert.equal((await box.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0)
})

test('cuts a download in its middle', async () => {
  await using box = await startTestServer()
  await box.s3.send(put)
  box.server.faults.add({
    match: { operation: 'GetObject' },
    times: 1,
    action: { cut: 'mid-response', afterBytes: 1000 },
  })
  const got = await box.s3.send(new GetObjectCommand(target))
  assert.equal(got.ContentLength, 300_000)
  await assert.rejects(async () => await got.Body?.transformToByteArray())
  const whole = await box.s3.send(new GetObjectCommand(target))
  assert.equal((await whole.Body?.transformToByteArray())?.length, 300_000)
})

test('tells another ETag than it stored', async () => {
  await using box = await startTestServer()
  const fault = box.server.faults.add({ action: { wrongEtag: true } })
  const told = await box.s3.send(put)
  fault.remove()
  const stored = await box.s3.send(new GetObjectCommand(target))
  assert.match(told.ETag ?? '', /^"[0-9a-f]{32}"$/)
  assert.notEqual(told.ETag, stored.ETag)
  await stored.Body?.transformToByteArray()
})

test('hangs until the client goes, and lets the server close', async () => {
  await using box = await startTestServer()
  const fault = box.server.faults.add({ match: { key: /^ke/ }, action: { hang: true } })
  const controller = new AbortController()
  const call = box.s3.send(put, { abortSignal: controller.signal })
  while (fault.hits === 0) await new Promise((resolve) => setImmediate(resolve))
  controller.abort()
  await assert.rejects(call, { name: 'AbortError' })
  const second = sendSigned(box.server, { path: '/box/key' })
  while (fault.hits === 1) await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([box.server.close(), assert.rejects(second)])
  assert.equal(box.server.requests.active, 0)
})

test('delays and then goes on', async () => {
  await using box = await startTestServer()
  const fault = box.server.faults.add({
    match: { operation: 'PutObject' },
    action: { delayMs: 20 },
  })
  await box.s3.send(put)
  assert.equal(fault.hits, 1)
  const got = await box.s3.send(new GetObjectCommand(target))
  assert.equal((await got.Body?.transformToByteArray())?.length, 300_000)
})
