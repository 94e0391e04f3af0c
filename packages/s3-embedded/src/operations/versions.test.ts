import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3'
import { errorOf, startTestServer, type TestServer } from '../testing/test-server.ts'

const Bucket = 'box'
const Key = 'key'
const dayMs = 86_400_000

test('keeps every version, and hides the object behind a delete marker', async () => {
  await using box = await startTestServer()
  await setVersioning(box, 'Enabled')
  const one = await put(box, 'one')
  const two = await put(box, 'two')
  assert.equal(await textOf(box), 'two')
  assert.equal(await textOf(box, one), 'one')
  const gone = await box.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  assert.equal(gone.DeleteMarker, true)
  assert.equal(
    (await errorOf(box.s3.send(new GetObjectCommand({ Bucket, Key })))).name,
    'NoSuchKey',
  )
  assert.equal((await box.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0)
  const { Versions, DeleteMarkers } = await box.s3.send(new ListObjectVersionsCommand({ Bucket }))
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    [two, one],
  )
  assert.deepEqual(
    DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [[gone.VersionId, true]],
  )
  const marker = new HeadObjectCommand({ Bucket, Key, VersionId: gone.VersionId })
  assert.equal((await errorOf(box.s3.send(marker))).status, 405)
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: gone.VersionId }))
  assert.equal(await textOf(box), 'two')
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: two }))
  assert.equal(await textOf(box), 'one')
})

test('replaces only the null version while versioning is suspended', async () => {
  await using box = await startTestServer()
  await put(box, 'before')
  await setVersioning(box, 'Enabled')
  const kept = await put(box, 'kept')
  await setVersioning(box, 'Suspended')
  assert.equal(await put(box, 'replaces before'), 'null')
  assert.equal(await textOf(box, kept), 'kept')
  const { Versions } = await box.s3.send(new ListObjectVersionsCommand({ Bucket }))
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    ['null', kept],
  )
  const marker = await box.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  assert.deepEqual([marker.DeleteMarker, marker.VersionId], [true, 'null'])
})

test('lists versions page by page, within one key too', async () => {
  await using box = await startTestServer()
  await setVersioning(box, 'Enabled')
  const written: (string | undefined)[] = []
  for (const key of ['a', 'a', 'a', 'b', 'b']) written.push(await put(box, 'x', { Key: key }))
  const seen: (string | undefined)[] = []
  let marker = {}
  for (;;) {
    const page = await box.s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...marker }))
    seen.push(...(page.Versions ?? []).map(({ VersionId }) => VersionId))
    if (!page.IsTruncated) break
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
  }
  const [a1, a2, a3, b1, b2] = written
  assert.deepEqual(seen, [a3, a2, a1, b2, b1])
})

test('lists an unversioned bucket with versions named null', async () => {
  await using box = await startTestServer()
  await put(box, 'x')
  const { Versions } = await box.s3.send(new ListObjectVersionsCommand({ Bucket }))
  assert.deepEqual(
    Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [['null', true]],
  )
  const head = await box.s3.send(new HeadObjectCommand({ Bucket, Key }))
  assert.equal(head.VersionId, undefined)
  await box.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: 'null' }))
  assert.equal((await box.s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0)
})

test('deletes versions in a batch', async () => {
  await using box = await startTestServer()
  await setVersioning(box, 'Enabled')
  const Objects = [
    { Key, VersionId: await put(box, 'one') },
    { Key, VersionId: await put(box, 'two') },
  ]
  await box.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
  const { Versions } = await box.s3.send(new ListObjectVersionsCommand({ Bucket }))
  assert.equal(Versions, undefined)
})

test('protects what the default retention locked until its time has passed', async () => {
  const time = { nowMs: 1_800_000_000_000 }
  await using box = await lockedServer(time)
  await box.s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket: 'locked',
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2 } },
      },
    }),
  )
  const VersionId = await put(box, 'content', { Bucket: 'locked' })
  const target = { Bucket: 'locked', Key, VersionId }
  const { Retention } = await box.s3.send(new GetObjectRetentionCommand(target))
  assert.deepEqual(Retention, {
    Mode: 'COMPLIANCE',
    RetainUntilDate: new Date(time.nowMs + 2 * dayMs),
  })
  const remove = () =>
    box.s3.send(new DeleteObjectCommand({ ...target, BypassGovernanceRetention: true }))
  assert.deepEqual(await errorOf(remove()), { name: 'AccessDenied', status: 403 })
  // A marker over it is allowed: nothing is lost.
  const marker = await box.s3.send(new DeleteObjectCommand({ Bucket: 'locked', Key }))
  assert.equal(marker.DeleteMarker, true)
  time.nowMs += 2 * dayMs + 1000
  box.s3.config.systemClockOffset += 2 * dayMs + 1000
  await remove()
})

test('lets governance be bypassed by those who may and say so', async () => {
  const time = { nowMs: 1_800_000_000_000 }
  const restricted = {
    accessKeyId: 'writer',
    secretAccessKey: 'secret',
    deny: ['s3:BypassGovernanceRetention'],
  }
  await using box = await lockedServer(time, { extraKeys: [restricted] })
  const VersionId = await put(box, 'content', {
    Bucket: 'locked',
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockRetainUntilDate: new Date(time.nowMs + dayMs),
  })
  const target = { Bucket: 'locked', Key, VersionId }
  const bypass = { ...target, BypassGovernanceRetention: true }
  const denied = { name: 'AccessDenied', status: 403 }
  assert.deepEqual(await errorOf(box.s3.send(new DeleteObjectCommand(target))), denied)
  const writer = box.client({ credentials: restricted, systemClockOffset: offsetTo(time.nowMs) })
  assert.deepEqual(await errorOf(writer.send(new DeleteObjectCommand(bypass))), denied)
  const shorter = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(time.nowMs + 1000) } as const
  const shorten = new PutObjectRetentionCommand({ ...target, Retention: shorter })
  assert.deepEqual(await errorOf(box.s3.send(shorten)), denied)
  const longer = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(time.nowMs + 2 * dayMs) } as const
  await box.s3.send(new PutObjectRetentionCommand({ ...target, Retention: longer }))
  await box.s3.send(new DeleteObjectCommand(bypass))
})

test('holds what is under legal hold, whatever its retention', async () => {
  await using box = await lockedServer({ nowMs: 1_800_000_000_000 })
  const VersionId = await put(box, 'content', { Bucket: 'locked' })
  const target = { Bucket: 'locked', Key, VersionId }
  const hold = (Status: 'ON' | 'OFF') =>
    box.s3.send(new PutObjectLegalHoldCommand({ ...target, LegalHold: { Status } }))
  await hold('ON')
  const { LegalHold } = await box.s3.send(new GetObjectLegalHoldCommand(target))
  assert.equal(LegalHold?.Status, 'ON')
  assert.equal((await errorOf(box.s3.send(new DeleteObjectCommand(target)))).name, 'AccessDenied')
  await hold('OFF')
  await box.s3.send(new DeleteObjectCommand(target))
})

test('knows buckets without object lock', async () => {
  await using box = await startTestServer()
  const get = new GetObjectLockConfigurationCommand({ Bucket })
  assert.equal((await errorOf(box.s3.send(get))).name, 'ObjectLockConfigurationNotFoundError')
  const locked = put(box, 'x', { ObjectLockLegalHoldStatus: 'ON' })
  assert.equal((await errorOf(locked)).name, 'InvalidRequest')
})

async function put(box: TestServer, Body: string, more: object = {}): Promise<string | undefined> {
  const { VersionId } = await box.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  return VersionId
}

async function textOf(box: TestServer, VersionId?: string): Promise<string | undefined> {
  const got = await box.s3.send(
    new GetObjectCommand({ Bucket, Key, ...(VersionId ? { VersionId } : {}) }),
  )
  return got.Body?.transformToString()
}

async function setVersioning(box: TestServer, Status: 'Enabled' | 'Suspended'): Promise<void> {
  const VersioningConfiguration = { Status }
  await box.s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
}

/** With the bucket `locked`; client and server live in the same scripted time. */
async function lockedServer(time: { nowMs: number }, more: object = {}): Promise<TestServer> {
  const clock = { now: () => time.nowMs, monotonicMs: () => 0 }
  const box = await startTestServer({ clock, ...more })
  box.s3.config.systemClockOffset = offsetTo(time.nowMs)
  await box.s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
  return box
}

function offsetTo(nowMs: number): number {
  return nowMs - performance.timeOrigin - performance.now()
}
