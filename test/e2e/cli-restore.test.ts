import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { compareTrees, snapshotTree, temporaryDirectory } from '@backstream/testkit'
import { backstream } from './cli-fixture.ts'
import { type Installation, openInstallation } from './cli-installation.ts'

let here: Installation
before(async () => {
  here = await openInstallation()
})
after(async () => await here[Symbol.asyncDispose]())

describe('list and show', () => {
  it('lists backups newest first, and only what has a manifest', async () => {
    await here.run(['run', 'home', '--wait'])
    const { backups, format } = await here.json(['list', 'home'])
    equal(format, 'backstream.list/1')
    const fences = backups.map((one: { backup: string }) => Number(one.backup.slice(-6)))
    deepEqual(
      fences,
      [...fences].sort((a: number, b: number) => b - a),
    )
    equal(backups[0].status, 'good')
    const everything = await here.run(['list'])
    equal(everything.status, 0)
    match(everything.stdout, /^BACKUP +FINISHED +ENTRIES +SIZE +STORED +STATUS\n/)
    ok(!everything.stdout.includes('broken/'))
  })

  it('exits 5 for a plan or a backup that nobody has heard of', async () => {
    for (const args of [
      ['list', 'nothing'],
      ['show', 'nothing'],
      ['show', 'home/2020'],
      ['restore', 'broken', '--to', join(here.folder, 'never')],
    ]) {
      equal((await here.run(args)).status, 5, args.join(' '))
    }
  })

  it('shows a manifest in words, with the commands that restore it by hand', async () => {
    const { status, stdout } = await here.run(['show', 'home'])
    equal(status, 0)
    match(stdout, /status +good/)
    match(stdout, /aws --endpoint-url 'http.* s3 cp .*archive\.tar\.zst.*\| zstd -dc \| tar -xpf -/)
    const manifest = await here.json(['show', 'home/latest'])
    equal(manifest.format, 'backstream/1')
    const byId = await here.json(['show', `home/${manifest.backup}`])
    deepEqual(byId, manifest)
  })
})

describe('restore', () => {
  it('brings the tree back, equal in every way, and says so', async () => {
    const to = join(here.folder, 'restored')
    const { status, stdout, stderr } = await here.run(['restore', 'home', '--to', to])
    equal(status, 0, stderr)
    match(stdout, /restored and verified: \d+ entries, [\d.]+ MiB in /)
    const owners = process.getuid?.() === 0
    deepEqual(compareTrees(await snapshotTree(here.tree), await snapshotTree(to), { owners }), [])
  })

  it('needs neither configuration nor Redis with --from', async () => {
    await using place = await temporaryDirectory('cli')
    const { s3 } = here
    const env = {
      AWS_ENDPOINT_URL: s3.endpoint,
      AWS_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    }
    const from = `s3://${s3.bucket}/${s3.prefix}`
    const { status, stdout, stderr } = await backstream(
      ['restore', 'home', '--to', 'new/place', '--from', from, '--json'],
      { cwd: place.path, env },
    )
    equal(status, 0, stderr)
    equal(JSON.parse(stdout).format, 'backstream.restore/1')
  })

  it('refuses a directory that is not empty, and touches nothing in it', async () => {
    const { status, stderr } = await here.run(['restore', 'home', '--to', here.tree])
    equal(status, 4)
    match(stderr, /is not empty/)
  })

  it('takes with --before what had finished by then', async () => {
    const to = join(here.folder, 'too-early')
    const early = await here.run(['restore', 'home', '--to', to, '--before', '36h'])
    equal(early.status, 5)
    const { backups } = await here.json(['list', 'home'])
    const oldest = backups.at(-1)
    const args = ['restore', 'home', '--to', to, '--before', oldest.finishedAt, '--dry-run']
    const { status, stdout } = await here.run(args)
    equal(status, 0)
    ok(stdout.startsWith(`would restore home/${oldest.backup}`), stdout)
  })
})
