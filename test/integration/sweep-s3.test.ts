import { deepEqual, equal, rejects } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { cleanUpAttempt, type SweepReport, sweepStorage } from '@backstream/backup'
import { silentLogger, systemClock } from '@backstream/kernel'
import { type S3Server, startS3Server } from '@backstream/s3-embedded'
import { openS3Storage, type S3Storage } from '@backstream/storage-s3'
import { temporaryDirectory, uniqueName } from '@backstream/testkit'

const { signal } = new AbortController()
const clock = systemClock
const backup = '20261123T031500Z-000900'
const prefix = `media/${backup}/`

let server: S3Server
let folder: Awaited<ReturnType<typeof temporaryDirectory>>
before(async () => {
  folder = await temporaryDirectory('sweep')
  const writer = { accessKeyId: 'writer', secretAccessKey: 'writer-secret' }
  const deny = ['s3:DeleteObject', 's3:DeleteObjectVersion']
  server = await startS3Server({
    dir: folder.path,
    buckets: ['plain'],
    extraKeys: [{ ...writer, deny }],
  })
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  using client = new Closing({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'versioned' }))
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await client.send(
    new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration }),
  )
  const locked = { Bucket: 'locked', ObjectLockEnabledForBucket: true }
  await client.send(new CreateBucketCommand(locked))
  await client.send(
    new PutObjectLockConfigurationCommand({
      Bucket: 'locked',
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
      },
    }),
  )
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

class Closing extends S3Client {
  [Symbol.dispose](): void {
    this.destroy()
  }
}

async function open(
  bucket: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } = server,
  place: string = uniqueName(),
): Promise<S3Storage> {
  const { endpoint, region } = server
  return await openS3Storage({
    ...{ bucket, prefix: place, endpoint, region, pathStyle: true },
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
    },
    profile: { partBytes: 5 << 20 },
    ...{ logger: silentLogger, clock },
  })
}

/** A volume, an older version of it, and an upload that was cut. */
async function abandon(storage: S3Storage): Promise<void> {
  const mark = JSON.stringify({ format: 'backstream/1', name: 'test' })
  await storage.put('backstream.json', Buffer.from(mark))
  for (const content of ['first', 'second']) {
    await storage.put(`${prefix}RESTORE.md`, Buffer.from(content))
  }
  const body = (async function* () {
    yield new Uint8Array(11 << 20)
    throw new Error('killed')
  })()
  await rejects(storage.upload(`${prefix}archive.tar.zst`, body, {}), /killed/)
}

async function sweep(storage: S3Storage): Promise<SweepReport> {
  const witness = {
    liveAttempts: async () => new Set<string>(),
    rememberedForMs: async () => 0,
    seenForMs: async () => 0,
  }
  return await sweepStorage(
    { storage, witness, clock, signal },
    {
      ...{ installation: 'test', by: 'test', graceMs: 0, isDryRun: false },
      plans: [{ name: 'media', retentionGraceMs: 0 }],
    },
  )
}

async function left(storage: S3Storage): Promise<{ versions: number; uploads: number }> {
  const found = { versions: 0, uploads: 0 }
  for await (const _ of storage.listVersions(prefix)) found.versions++
  for await (const _ of storage.listUploads(prefix)) found.uploads++
  return found
}

describe('the sweep on S3', () => {
  for (const [bucket, objects] of [
    ['plain', 1],
    ['versioned', 2],
  ] as const) {
    it(`leaves no upload and no version behind (${bucket} bucket)`, async () => {
      await using storage = await open(bucket)
      await abandon(storage)
      const report = await sweep(storage)
      deepEqual(report.failures, [])
      deepEqual([report.swept[0]?.objects, report.swept[0]?.uploads], [objects, 1])
      deepEqual(await left(storage), { versions: 0, uploads: 0 })
      deepEqual((await sweep(storage)).swept, [])
    })
  }

  it('reports what is locked, aborts the uploads all the same, and is no failure', async () => {
    await using storage = await open('locked')
    await abandon(storage)
    const report = await sweep(storage)
    deepEqual(report.failures, [])
    equal(report.locked.length, 2)
    deepEqual(await left(storage), { versions: 2, uploads: 0 })
  })
})

describe('the clean-up on S3, without the right to delete', () => {
  it('voids, aborts its uploads, and leaves the objects to whoever has it', async () => {
    const place = uniqueName()
    const writer = { accessKeyId: 'writer', secretAccessKey: 'writer-secret' }
    await using storage = await open('plain', writer, place)
    await abandon(storage)
    const attempt = { plan: 'media', backup, by: 'test', reason: 'failed' }
    const cleaning = cleanUpAttempt(storage, attempt, { clock, signal, graceMs: 0 })
    await rejects(cleaning, { code: 'clean-up-incomplete', permanent: true })
    deepEqual(await left(storage), { versions: 1, uploads: 0 })
    await using maintenance = await open('plain', server, place)
    // Another process, which has yet to find out that the store guards its slots.
    const report = await cleanUpAttempt(maintenance, attempt, { clock, signal })
    deepEqual([report.outcome, report.deletedObjects], ['cleaned', 1])
  })
})
