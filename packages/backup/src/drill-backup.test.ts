import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@backstream/kernel'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import { type DrillRequest, drillBackup } from './drill-backup.ts'
import type { Manifest } from './manifest.ts'
import { recordDrill } from './record-drill.ts'
import { runBackup } from './run-backup.ts'
import { makeScratchPlace } from './scratch-place.ts'
import { readStanding } from './standing.ts'

const signal = new AbortController().signal

const entries: SampleEntry[] = [
  { path: 'etc', type: 'directory', mode: 0o555 },
  { path: 'etc/passwd', content: 'root:x:0:0\n' },
  { path: 'etc/motd', content: 'hello\n' },
  { path: 'etc/link', type: 'symlink', linkTarget: 'motd' },
]

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'backstream-drill-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function backUp(storage: Storage): Promise<Manifest> {
  const { deps, request } = runOf(storage, sourceOf({ entries }))
  return await runBackup(deps, request)
}

function drillOf(
  manifest: Manifest,
  to: string,
  checks: Partial<DrillRequest['checks']> = {},
): DrillRequest {
  return {
    manifest,
    to,
    signal,
    checks: { present: [], minFiles: null, sampleFiles: 20, command: null, ...checks },
    environment: {},
    keepOwners: false,
    random: () => 0.5,
  }
}

test('passes when all that was asked for holds, and says what was found', async () => {
  await using parent = await temporaryDirectory()
  const storage = createMemoryStorage()
  const manifest = await backUp(storage)
  await using place = await makeScratchPlace(parent.path, 'media')
  const command = {
    argv: ['/bin/sh', '-c', 'test -s etc/passwd && test "$BACKSTREAM_PLAN" = media'],
  }
  const checks = {
    present: ['etc/motd'],
    minFiles: 2,
    command: { ...command, timeoutMs: 10_000 },
  }
  const report = await drillBackup(storage, drillOf(manifest, place.path, checks), systemClock)
  assert.deepEqual(
    report.checks.map(({ name, words }) => [name, words]),
    [
      ['restore', '4 entries restored and compared'],
      ['counts', '2 files and 1 symbolic links'],
      ['present', '1 paths are there'],
      ['files', 'at least 2 files'],
      ['sample', '2 files hash as in the archive'],
      ['command', '/bin/sh ended with status 0'],
    ],
  )
  assert.equal(report.isPassed, true)
  assert.equal(report.bytes, 17)
})

const failing: readonly [string, Partial<DrillRequest['checks']>, RegExp][] = [
  ['a path that is missing', { present: ['etc/shadow'] }, /missing: etc\/shadow/],
  ['too few files', { minFiles: 3 }, /2 files, less than 3/],
  [
    'a command that does not exit 0',
    { command: { argv: ['/bin/sh', '-c', 'echo no rows >&2; exit 3'], timeoutMs: 10_000 } },
    /ended with status 3: no rows/,
  ],
  [
    'a command that does not end',
    { command: { argv: ['/bin/sleep', '60'], timeoutMs: 100 } },
    /did not end within 0.1 s/,
  ],
  [
    'a command that is not there',
    { command: { argv: ['/nowhere/check'], timeoutMs: 10_000 } },
    /could not be started \(ENOENT\)/,
  ],
]
for (const [what, checks, words] of failing) {
  test(`fails for ${what}`, async () => {
    await using parent = await temporaryDirectory()
    const storage = createMemoryStorage()
    const manifest = await backUp(storage)
    await using place = await makeScratchPlace(parent.path, 'media')
    const report = await drillBackup(storage, drillOf(manifest, place.path, checks), systemClock)
    assert.equal(report.isPassed, false)
    const failed = report.checks.filter(({ isPassed }) => !isPassed)
    assert.equal(failed.length, 1)
    assert.match(failed[0]?.words ?? '', words)
  })
}

test('fails when what was restored is changed before it is looked at', async () => {
  await using parent = await temporaryDirectory()
  const storage = createMemoryStorage()
  const manifest = await backUp(storage)
  await using place = await makeScratchPlace(parent.path, 'media')
  // The checks begin by opening the index, which the whole restore does not need.
  const meddling: Storage = {
    ...storage,
    async get(key, options) {
      if (key.endsWith('/index.zst')) await writeFile(join(place.path, 'etc/motd'), 'HELLO\n')
      return await storage.get(key, options)
    },
  }
  const report = await drillBackup(meddling, drillOf(manifest, place.path), systemClock)
  assert.match(report.checks.at(-1)?.words ?? '', /not as in the archive: etc\/motd/)
})

test('a backup that is damaged fails the drill, and its note says so', async () => {
  await using parent = await temporaryDirectory()
  const storage = createMemoryStorage()
  const manifest = await backUp(storage)
  const [archive] = manifest.archives
  assert.ok(archive)
  await storage.put(archive.key, Buffer.alloc(archive.bytes))
  await using place = await makeScratchPlace(parent.path, 'media')
  const report = await drillBackup(storage, drillOf(manifest, place.path), systemClock)
  assert.deepEqual([report.isPassed, report.checks.length], [false, 1])
  await recordDrill(storage, { manifest, report, by: 'test' }, { clock: systemClock, signal })
  const { drill } = await readStanding(storage, manifest)
  assert.deepEqual([drill?.isPassed, drill?.isRestored, drill?.failed], [false, false, ['restore']])
})

test('a scratch place is gone afterwards, and what a killed worker left as well', async () => {
  await using parent = await temporaryDirectory()
  const left = join(parent.path, `backstream-drill-media-${hostname()}-4194304-0badcafe`)
  const other = join(parent.path, `backstream-drill-media-x-${hostname()}-4194304-0badcafe`)
  for (const path of [left, other]) await mkdir(join(path, 'sub'), { recursive: true })
  await chmod(join(left, 'sub'), 0o500)
  {
    await using first = await makeScratchPlace(parent.path, 'media')
    await using second = await makeScratchPlace(parent.path, 'media')
    assert.ok(existsSync(first.path) && existsSync(second.path))
    assert.ok(!existsSync(left))
    await mkdir(join(first.path, 'deep'))
    await writeFile(join(first.path, 'deep/file'), '')
    await chmod(join(first.path, 'deep'), 0o500)
  }
  assert.deepEqual(await readdir(parent.path), [
    `backstream-drill-media-x-${hostname()}-4194304-0badcafe`,
  ])
})
