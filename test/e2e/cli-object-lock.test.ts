import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type Manifest, slotKey } from '@backstream/backup'
import { silentLogger, systemClock } from '@backstream/kernel'
import { startS3Server } from '@backstream/s3-embedded'
import { openS3Storage, type S3Storage } from '@backstream/storage-s3'
import {
  compareTrees,
  leakGuard,
  openTestCeph,
  snapshotTree,
  temporaryDirectory,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

/** Writes, and may neither delete nor lock: what a stolen writer can do. */
const thief = { accessKeyId: 'writer', secretAccessKey: 'writer-secret' }

/** A store with the keys of whoever may remove and lock there, and of who only writes. */
interface Store extends AsyncDisposable {
  readonly endpoint: string
  readonly region: string
  readonly keeper: typeof thief
  readonly writer: typeof thief
}

await describeLock('the embedded server', openEmbedded)
await describeLock('a Ceph gateway', openCeph)

async function openEmbedded(): Promise<Store> {
  const folder = await temporaryDirectory('locked')
  const server = await startS3Server({
    dir: folder.path,
    buckets: [],
    extraKeys: [{ ...thief, deny: ['s3:PutObjectRetention', 's3:DeleteObjectVersion'] }],
  })
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  return {
    ...{ endpoint, region, keeper: { accessKeyId, secretAccessKey }, writer: thief },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** It has one pair of keys: what a writer may not do is shown on the other one. */
async function openCeph(): Promise<Store | null> {
  const ceph = await openTestCeph()
  if (!ceph) return null
  const { endpoint, region, accessKeyId, secretAccessKey } = ceph
  const keeper = { accessKeyId, secretAccessKey }
  return { endpoint, region, keeper, writer: keeper, [Symbol.asyncDispose]: async () => {} }
}

async function describeLock(name: string, open: () => Promise<Store | null>): Promise<void> {
  const store = await open()
  const options = { skip: store === null && 'no such server here' }
  describe(`object lock and versions on ${name}`, options, () => {
    if (store) testsOf(store)
  })
}

function testsOf(store: Store): void {
  const { endpoint, region, keeper, writer } = store
  const place = { endpoint, region, bucket: uniqueName('safe'), prefix: 'prod' }
  const opened = { ...place, pathStyle: true, logger: silentLogger }
  let here: Installation
  let bucket: S3Storage
  before(async () => {
    const client = new S3Client({ endpoint, region, credentials: keeper, forcePathStyle: true })
    await client.send(
      new CreateBucketCommand({ Bucket: place.bucket, ObjectLockEnabledForBucket: true }),
    )
    client.destroy()
    bucket = await openS3Storage({ ...opened, credentials: keeper })
    here = await openInstallation({
      s3: { ...place, ...writer, [Symbol.asyncDispose]: async () => {} },
      isServed: false,
      plans: (tree) => `
  home: { retention: { keepLast: 1 }, source: { kind: directory, path: ${tree} } }
`,
    })
    const file = join(here.folder, 'backstream.yaml')
    const config = (await readFile(file, 'utf8')).replace(
      /^( +)credentials: .*$/m,
      (line, indent: string) =>
        `${line}\n${indent}lock: { mode: governance, for: 30d }\n` +
        `${indent}maintenance: { credentials: { accessKeyId: ${keeper.accessKeyId}, secretAccessKey: ${keeper.secretAccessKey} } }`,
    )
    await writeFile(file, config)
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await bucket?.[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  })
  leakGuard()

  async function backUp(): Promise<Manifest> {
    const { status, stderr } = await here.run(['run', 'home', '--wait'])
    equal(status, 0, stderr)
    return await here.json(['show', 'home'])
  }

  describe('a storage with a lock', () => {
    it('keeps each backup once it is one, by the credentials of maintenance', async () => {
      await using worker = here.start(['worker'])
      await worker.waitForOutput(/serves backups/)
      const { plan, backup, archives, run } = await backUp()
      const manifest = slotKey(plan, backup)
      const untilMs = Date.parse(run.finishedAt) + 30 * 86_400_000
      const lock = await waitFor(() => bucket.lockOf(manifest), {
        what: 'the lock',
        timeoutMs: 30_000,
      })
      ok(Math.abs(lock.untilMs - untilMs) < 2_000)
      equal(lock.mode, 'governance')
      for (const { key } of archives) ok(await bucket.lockOf(key))
      const versions: string[] = []
      for await (const { key, versionId } of bucket.listVersions(manifest)) {
        if (key === manifest && versionId) versions.push(versionId)
      }
      await rejects(bucket.delete(manifest, { versionId: versions[0] }), { code: 'locked' })
      const { backups } = await here.json(['list', 'home'])
      ok(Date.parse(backups[0].lockedUntil) > 0)
    })

    it('is mended by a verification where it is missing', async () => {
      // No worker: nobody sets the lock behind the run.
      const { status, stderr } = await here.run(['run', 'home', '--here'])
      equal(status, 0, stderr)
      const { plan, backup, archives } = (await here.json(['show', 'home'])) as Manifest
      equal(await bucket.lockOf(archives[0]?.key ?? ''), null)
      const verified = await here.run(['verify', `${plan}/${backup}`])
      equal(verified.status, 0, verified.stderr)
      match(verified.stderr, /4 objects were not locked: mended/)
      ok(await bucket.lockOf(archives[0]?.key ?? ''))
      ok(!(await here.run(['verify', plan])).stderr.includes('mended'))
    })

    it('keeps what retention would not, and prune counts it', async () => {
      const { plans } = await here.json(['prune', 'home', '--confirm'])
      equal(plans[0].outcome, 'nothing')
      equal(plans[0].locked, 1)
      match(plans[0].verdicts[1].reasons.join(), /^locked until /)
    })

    it('is what doctor finds there', async () => {
      const { stdout } = await here.run(['doctor'])
      match(stdout, /the bucket has object lock/)
      match(stdout, /the bucket keeps versions/)
    })
  })

  describe('restore --as-of', () => {
    let before: string

    it('brings back what somebody with the key of a writer has removed', async () => {
      const { backups } = await here.json(['list', 'home'])
      equal(backups.length, 2)
      // Stores date by the second.
      await sleep(1_500)
      before = new Date(systemClock.now()).toISOString()
      await sleep(1_500)
      await using thiefs = await openS3Storage({ ...opened, credentials: writer })
      for await (const { key } of bucket.list('')) await thiefs.delete(key)
      deepEqual((await here.json(['list', 'home'])).backups, [])
      const to = join(here.folder, 'back')
      equal((await here.run(['restore', 'home', '--to', to])).status, 5)
      const { status, stdout, stderr } = await here.run([
        'restore',
        'home',
        '--to',
        to,
        '--as-of',
        before,
      ])
      equal(status, 0, stderr)
      match(stdout, /restored and verified/)
      const trees = [await snapshotTree(here.tree), await snapshotTree(to)] as const
      deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
    })

    it('puts it back into the source that was emptied with it', async () => {
      const wanted = await snapshotTree(here.tree)
      for (const name of await readdir(here.tree)) {
        await rm(join(here.tree, name), { recursive: true })
      }
      const args = ['restore', 'home', '--into', 'source', '--yes', 'home', '--as-of', before]
      const { status, stdout, stderr } = await here.run(args)
      equal(status, 0, stderr)
      match(stdout, /restored and verified/)
      const trees = [wanted, await snapshotTree(here.tree)] as const
      deepEqual(compareTrees(...trees, { owners: process.getuid?.() === 0 }), [])
    })
  })
}
