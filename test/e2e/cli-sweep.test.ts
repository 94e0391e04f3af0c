import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { loadConfig } from '@backstream/config'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createRunProducer, openConfiguredQueue } from '@backstream/queue'
import { openS3Storage, type S3Storage } from '@backstream/storage-s3'
import { waitFor } from '@backstream/testkit'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
let storage: S3Storage
before(async () => {
  here = await openInstallation({
    plans: (tree) => `
  home: { source: { kind: directory, path: ${tree} } }
  held:
    compression: { algorithm: none }
    source:
      kind: command
      argv: [sh, -c, "head -c 40000000 /dev/zero; until [ -e ${tree}/go ]; do sleep 0.1; done"]
`,
  })
  const { bucket, prefix, region, endpoint, accessKeyId, secretAccessKey } = here.s3
  storage = await openS3Storage({
    ...{ bucket, prefix, region, endpoint, pathStyle: true },
    credentials: { accessKeyId, secretAccessKey },
    ...{ logger: silentLogger, clock: systemClock },
  })
})
after(async () => {
  await storage[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})

const attempt = 'home/20261123T031500Z-000900'

/** What an attempt leaves whose process and Redis are gone. */
async function abandon(): Promise<void> {
  await storage.put(`${attempt}/index.zst`, Buffer.from('index'))
  const body = (async function* () {
    yield new Uint8Array(17 << 20)
    throw new Error('killed')
  })()
  await rejects(storage.upload(`${attempt}/archive.tar.zst`, body, {}), /killed/)
}

async function uploads(): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.listUploads('')) keys.push(key)
  return keys
}

async function keysBelow(prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(prefix)) keys.push(key)
  return keys
}

describe('sweep', () => {
  it('finds nothing to remove where all is accounted for', async () => {
    equal((await here.run(['run', 'home', '--wait'])).status, 0)
    const { status, stdout } = await here.run(['sweep', '--confirm'])
    equal(status, 0)
    match(stdout, /nothing to remove/)
  })

  it('waits, shows, asks and removes, and leaves every other key', async () => {
    await abandon()
    await storage.put('home/letter.txt', Buffer.from('not ours'))
    const young = await here.run(['sweep', '--confirm'])
    equal(young.status, 0, young.stderr)
    match(young.stdout, /wait .* somebody wrote to it within the grace/)
    match(young.stdout, /1 other key\(s\), left alone: home\/letter.txt/)
    const dry = await here.run(['sweep', '-n', '--grace', '0s'])
    equal(dry.status, 0)
    match(dry.stdout, new RegExp(`${attempt} +remove +1 +1 .* its run ended without a backup`))
    match(dry.stdout, /1 would go/)
    const unasked = await here.run(['sweep', '--grace', '0s'])
    equal(unasked.status, 4)
    match(unasked.stderr, /--confirm/)
    deepEqual(await uploads(), [`${attempt}/archive.tar.zst`])
    const done = await here.run(['sweep', '--grace', '0s', '--confirm'])
    equal(done.status, 0, done.stderr)
    match(done.stdout, /1 removed/)
    deepEqual(await uploads(), [])
    deepEqual(await keysBelow(`${attempt}/`), [])
    deepEqual(await keysBelow('home/letter.txt'), ['home/letter.txt'])
    const { backups } = await here.json(['list', 'home'])
    equal(backups.length, 1)
    const { format, storages } = await here.json(['sweep', '--grace', '0s', '--confirm'])
    equal(format, 'backstream.sweep/1')
    deepEqual([storages[0].outcome, storages[0].swept], ['swept', []])
  })

  it('leaves what a run under way is making, grace or no grace', async () => {
    equal((await here.run(['run', 'held'])).status, 0)
    await waitFor(async () => (await uploads()).length > 0, {
      what: 'an upload',
      timeoutMs: 30_000,
    })
    const swept = await here.run(['sweep', '--grace', '0s', '--confirm'])
    equal(swept.status, 0, swept.stderr)
    equal((await uploads()).length, 1)
    await writeFile(join(here.tree, 'go'), '')
    const hasBackup = async () => (await here.json(['list', 'held'])).backups.length === 1
    await waitFor(hasBackup, { what: 'the backup', timeoutMs: 30_000 })
    deepEqual(await uploads(), [])
  })

  it('names a backup whose manifest somebody took, and touches nothing of it', async () => {
    equal((await here.run(['run', 'home', '--wait'])).status, 0)
    const { backups } = await here.json(['list', 'home'])
    const { ref } = backups[1]
    await storage.delete(`${ref}.json`)
    const swept = await here.run(['sweep', '--grace', '0s', '--confirm'])
    equal(swept.status, 3)
    match(swept.stderr, new RegExp(`the manifest of ${ref} is gone, and not by pruning`))
    equal((await keysBelow(`${ref}/`)).length, 3)
  })

  it('is done by a worker when its time has come, once however often it is asked for', async () => {
    const env = here.env
    const config = await loadConfig({ file: join(here.folder, 'backstream.yaml'), env })
    const given = { format: 'backstream/1', void: true, by: 'test', reason: 'failed' }
    const slot = { ...given, at: '2026-11-23T04:00:00.000Z' }
    await storage.put('home/20261123T031500Z-000901.json', Buffer.from(JSON.stringify(slot)))
    await storage.put('home/20261123T031500Z-000901/index.zst', Buffer.from('left behind'))
    const logger = silentLogger
    const clock = systemClock
    await using connection = await openConfiguredQueue(config, { env, logger, clock })
    await using producer = createRunProducer(connection)
    const ref = await producer.enqueueSweep({ plan: 'home', dueAtMs: 1_000 })
    deepEqual(await producer.enqueueSweep({ plan: 'home', dueAtMs: 1_000 }), ref)
    const swept = async () => (await producer.getRun(ref))?.swept
    const result = await waitFor(swept, { what: 'the sweep' })
    deepEqual([result.objects, result.bytes, result.manifestGone], [1, 11, 1])
    deepEqual(await keysBelow('home/20261123T031500Z-000901/'), [])
    // One that is to come is no run yet.
    await producer.enqueueSweep({ plan: 'home', dueAtMs: clock.now() + 3_600_000 })
    deepEqual(await producer.findRuns({ states: ['delayed'], limit: 10 }), [])
  })

  it('refuses a prefix of another installation, and a grace that is none', async () => {
    equal((await here.run(['sweep', '--grace', '5'])).status, 2)
    await storage.put('backstream.json', Buffer.from('{"format":"backstream/1","name":"other"}'))
    const refused = await here.run(['sweep', '--confirm'])
    equal(refused.status, 4)
    match(refused.stderr, /belongs to the installation "other"/)
  })
})
