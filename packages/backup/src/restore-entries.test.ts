import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createMemoryStorage } from '@backstream/storage'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import { BackupError } from './errors.ts'
import { type OpenedBackup, openBackup } from './open-backup.ts'
import { restoreEntries } from './restore-entries.ts'
import { runBackup } from './run-backup.ts'
import { selectEntries } from './select-entries.ts'

const { signal } = new AbortController()
/** Does not shrink, and so takes several frames. */
const large = randomBytes(7_500_000).toString('base64')
const entries: readonly SampleEntry[] = [
  { path: 'etc', type: 'directory', mode: 0o751 },
  { path: 'etc/hosts', content: 'localhost' },
  { path: 'etc/ssh', type: 'directory' },
  { path: 'etc/ssh/config', content: 'Port 22' },
  { path: 'home', type: 'directory' },
  { path: 'home/a.txt', content: 'a' },
  { path: 'home/b.txt', content: large },
  { path: 'home/c.txt', type: 'link', linkTarget: 'home/a.txt' },
  { path: 'home/d.txt', type: 'link', linkTarget: 'home/a.txt' },
  { path: 'srv', type: 'directory' },
  { path: 'srv/x.log', content: 'x' },
]

let backup: OpenedBackup
let folder: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restore-entries-'))
  const storage = createMemoryStorage()
  const { deps, request } = runOf(storage, sourceOf({ entries }))
  backup = await openBackup(storage, await runBackup(deps, request), { signal })
})
after(() => rmSync(folder, { recursive: true }))

async function pathsOf(...paths: string[]): Promise<string[]> {
  return (await selectEntries(backup, paths)).entries.map(({ path }) => path)
}

describe('selecting entries', () => {
  it('takes what lies below a path, with the folders on its way', async () => {
    assert.deepEqual(await pathsOf('/etc/ssh/'), ['etc', 'etc/ssh', 'etc/ssh/config'])
    assert.deepEqual(await pathsOf('./home/a.txt', 'srv', 'home/a.txt'), [
      'home',
      'home/a.txt',
      'srv',
      'srv/x.log',
    ])
  })

  it('takes patterns, and all below what they match', async () => {
    assert.deepEqual(await pathsOf('home/[ab].txt'), ['home', 'home/a.txt', 'home/b.txt'])
    assert.deepEqual(await pathsOf('e*'), ['etc', 'etc/hosts', 'etc/ssh', 'etc/ssh/config'])
    assert.deepEqual(await pathsOf('**/*.log'), ['srv', 'srv/x.log'])
  })

  it('names the paths that match nothing', async () => {
    const { entries: found, unmatched } = await selectEntries(backup, [
      'etc/nothing',
      'srv',
      '*.md',
    ])
    assert.equal(found.length, 2)
    assert.deepEqual(unmatched, ['etc/nothing', '*.md'])
  })
})

describe('restoring some entries', () => {
  async function restore(name: string, ...paths: string[]): Promise<string> {
    const to = join(folder, name)
    const selection = await selectEntries(backup, paths)
    await restoreEntries({ backup, entries: selection.entries, to, signal, keepOwners: false })
    return to
  }

  it('writes them with the folders above as they were, and fetches only what holds them', async () => {
    const before = backup.fetchedBytes()
    const to = await restore('one', 'etc/hosts')
    assert.equal(readFileSync(join(to, 'etc/hosts'), 'utf8'), 'localhost')
    assert.equal(statSync(join(to, 'etc')).mode & 0o777, 0o751)
    assert.throws(() => statSync(join(to, 'home')), { code: 'ENOENT' })
    const whole = backup.manifest.archives.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(backup.fetchedBytes() - before < whole)
  })

  it('makes a file of a hard link whose other name was not asked for', async () => {
    const to = await restore('links', 'home/c.txt', 'home/d.txt')
    assert.equal(readFileSync(join(to, 'home/c.txt'), 'utf8'), 'a')
    assert.equal(statSync(join(to, 'home/c.txt')).ino, statSync(join(to, 'home/d.txt')).ino)
    assert.throws(() => statSync(join(to, 'home/a.txt')), { code: 'ENOENT' })
  })

  it('keeps hard links together when both names are asked for', async () => {
    const to = await restore('both', 'home')
    assert.equal(statSync(join(to, 'home/a.txt')).nlink, 3)
    assert.equal(statSync(join(to, 'home/b.txt')).size, large.length)
  })

  it('refuses a directory that is not empty', async () => {
    await restore('twice', 'srv')
    await assert.rejects(
      restore('twice', 'srv'),
      (error) => error instanceof BackupError && error.code === 'restore-target',
    )
  })
})
