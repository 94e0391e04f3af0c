import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import {
  CreateBucketCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { silentLogger, systemClock } from '@backstream/kernel'
import { startS3Server } from '@backstream/s3-embedded'
import {
  openS3Storage,
  type ProbeFinding,
  probeStorage,
  type S3StorageOptions,
} from '@backstream/storage-s3'
import { temporaryDirectory, uniqueName, waitFor } from '@backstream/testkit'

const keeper = { accessKeyId: 'may-not-delete', secretAccessKey: 'a-secret', deny: ['s3:Delete*'] }
const folder = await temporaryDirectory('s3')
const server = await startS3Server({ dir: folder.path, buckets: ['test'], extraKeys: [keeper] })
const { endpoint, region, accessKeyId, secretAccessKey } = server
const credentials = { accessKeyId, secretAccessKey }
after(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})
beforeEach(() => server.faults.clear())

test('finds nothing wrong with a good store, and leaves nothing there', async () => {
  const prefix = uniqueName()
  const findings = await probe({ prefix })
  assert.deepEqual(troubles(findings), [])
  assert.deepEqual(
    findings.map(({ check }) => check),
    [
      'clock',
      'reach',
      'retention',
      'versions',
      'lifecycle',
      'write',
      'read',
      'list',
      'multipart',
      'conditional-put',
      'delete',
    ],
  )
  assert.deepEqual(await leftAt(prefix), [])
})

test('says what is wrong before anything else is tried', async () => {
  const wrongs: [Partial<S3StorageOptions>, RegExp][] = [
    [{ bucket: 'nowhere' }, /no such bucket/],
    [{ credentials: { ...credentials, secretAccessKey: 'wrong' } }, /refuses the credentials/],
    [{ endpoint: 'http://127.0.0.1:1' }, /cannot be reached/],
  ]
  for (const [options, words] of wrongs) {
    const [trouble, ...others] = troubles(await probe(options))
    assert.equal(trouble?.check, 'reach')
    assert.match(trouble.message, words)
    assert.ok(trouble.remedy)
    assert.deepEqual(others, [])
  }
})

test('names the clock before the signatures that it spoils', async () => {
  const clock = { ...systemClock, now: () => systemClock.now() + 20 * 60_000 }
  const [first] = await probe({ clock })
  assert.equal(first?.check, 'clock')
  assert.equal(first.level, 'error')
  assert.match(first.message, /^the clock is 1[12]\d\d s ahead/)
})

test('writes nothing into a bucket that locks everything', async () => {
  const bucket = uniqueName('locked')
  await createLockedBucket(bucket)
  const findings = await probe({ bucket })
  assert.deepEqual(
    troubles(findings).map(({ check, level }) => [check, level]),
    [['retention', 'error']],
  )
  assert.deepEqual(await leftAt('', bucket), [])
})

test('tells whether a bucket can lock, where backups are to be locked', async () => {
  const isLockWanted = true
  const [without, ...others] = troubles(await probeStorage(optionsOf({}), { isLockWanted }))
  assert.deepEqual([without?.check, without?.level, others], ['lock', 'error', []])
  assert.match(without?.message ?? '', /the bucket has no object lock/)
  const bucket = uniqueName('lockable')
  await createLockableBucket(bucket)
  const findings = await probeStorage(optionsOf({ bucket }), { isLockWanted })
  assert.deepEqual(troubles(findings), [])
  assert.ok(findings.some(({ check, level }) => check === 'lock' && level === 'ok'))
  server.faults.add({
    match: { operation: 'GetObjectLockConfiguration' },
    action: { status: 403, code: 'AccessDenied' },
  })
  const [unseen] = troubles(await probeStorage(optionsOf({ bucket }), { isLockWanted }))
  assert.deepEqual([unseen?.check, unseen?.level], ['lock', 'warning'])
})

test('tells that conditional puts are not guarded', async () => {
  server.faults.add({
    match: { operation: 'PutObject', key: /slot/ },
    action: { status: 501, code: 'NotImplemented' },
  })
  const [trouble] = troubles(await probe({}))
  assert.equal(trouble?.check, 'conditional-put')
  assert.equal(trouble.level, 'warning')
  const [claimed] = troubles(await probe({ profile: { conditionalPut: true } }))
  assert.equal(claimed?.level, 'error')
})

test('tells that what was written could not be removed, and where it lies', async () => {
  const prefix = uniqueName()
  const findings = troubles(await probe({ prefix, credentials: keeper }))
  const trouble = findings.find(({ check }) => check === 'delete')
  assert.equal(trouble?.level, 'error')
  assert.match(trouble.message, new RegExp(`left at s3://test/${prefix}/`))
})

test('removes what it wrote when it is interrupted', async () => {
  const prefix = uniqueName()
  const stop = new AbortController()
  const reason = new Error('Ctrl-C')
  const hanging = server.faults.add({ match: { operation: 'UploadPart' }, action: { hang: true } })
  const probing = probe({ prefix }, stop.signal)
  const rejected = assert.rejects(probing, (thrown) => thrown === reason)
  await waitFor(() => hanging.hits > 0, { what: 'a part to hang' })
  stop.abort(reason)
  await rejected
  assert.deepEqual(await leftAt(prefix), [])
})

async function probe(options: Partial<S3StorageOptions>, signal?: AbortSignal) {
  return await probeStorage(optionsOf(options), { signal })
}

function optionsOf(options: Partial<S3StorageOptions>): S3StorageOptions {
  const place = { bucket: 'test', prefix: uniqueName(), endpoint, region, pathStyle: true }
  return { ...place, credentials, logger: silentLogger, ...options }
}

function troubles(findings: readonly ProbeFinding[]): ProbeFinding[] {
  return findings.filter(({ level }) => level !== 'ok')
}

async function leftAt(prefix: string, bucket = 'test'): Promise<unknown[]> {
  await using storage = await openS3Storage(optionsOf({ prefix, bucket }))
  const left: unknown[] = []
  for await (const version of storage.listVersions('')) left.push(version)
  for await (const upload of storage.listUploads('')) left.push(upload)
  return left
}

async function createLockableBucket(bucket: string): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }))
  client.destroy()
}

async function createLockedBucket(bucket: string): Promise<void> {
  await createLockableBucket(bucket)
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(
    new PutObjectLockConfigurationCommand({
      Bucket: bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
      },
    }),
  )
  client.destroy()
}
