import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type Manifest, slotKey } from '@backstream/backup'
import { silentLogger, systemClock } from '@backstream/kernel'
import { type S3Server, startS3Server } from '@backstream/s3-embedded'
import { openS3Storage, type S3Storage } from '@backstream/storage-s3'
import {
  compareTrees,
  leakGuard,
  snapshotTree,
  temporaryDirectory,
  waitFor,
} from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

/** Writes, and may neither delete nor lock: what a stolen writer can do. */
const writer = { accessKeyId: 'writer', secretAccessKey: 'writer-secret' }

let folder: Awaited<ReturnType<typeof temporaryDirectory>>
let server: S3Server
let here: Installation
let bucket: S3Storage
before(async () => {
  folder = await temporaryDirectory('locked')
  server = await startS3Server({
    dir: folder.path,
    buckets: [],
    extraKeys: [{ ...writer, deny: ['s3:PutObjectRetention', 's3:DeleteObjectVersion'] }],
  })
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: 'safe', ObjectLockEnabledForBucket: true }))
  client.destroy()
  const place = { endpoint, region, bucket: 'safe', prefix: 'prod' }
  bucket = await openS3Storage({ ...place, pathStyle: true, credentials, logger: silentLogger })
  const s3 = { ...place, ...writer, [Symbol.asyncDispose]: async () => {} }
  here = await openInstallation({
    s3,
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
      `${indent}maintenance: { credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }`,
  )
  await writeFile(file, config)
})
after(async () => {
  await here[Symbol.asyncDispose]()
  await bucket[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
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
    const thief = await openS3Storage({
      ...{ endpoint: server.endpoint, region: server.region, bucket: 'safe', prefix: 'prod' },
      ...{ pathStyle: true, credentials: writer, logger: silentLogger },
    })
    for await (const { key } of bucket.list('')) await thief.delete(key)
    await thief[Symbol.asyncDispose]()
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
