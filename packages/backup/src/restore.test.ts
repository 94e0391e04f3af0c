import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import { emptyReport } from './extract-report.ts'
import type { Manifest } from './manifest.ts'
import { carryOutRestore, notRestored, planRestore, type RestoreOrder } from './restore.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()
/** The time of every entry of the samples. */
const takenAtSeconds = 1_700_000_000
const uploads: readonly SampleEntry[] = [
  { path: 'uploads', type: 'directory', mode: 0o755 },
  { path: 'uploads/a', content: 'saved a' },
  { path: 'uploads/d', type: 'directory', mode: 0o755 },
  { path: 'uploads/d/b', content: 'saved b' },
  { path: 'uploads/d/l', type: 'symlink', linkTarget: '../a' },
  { path: 'uploads/h', type: 'link', linkTarget: 'uploads/a' },
]
const etc: readonly SampleEntry[] = [
  { path: 'etc', type: 'directory', mode: 0o755 },
  { path: 'etc/hosts', content: 'saved hosts' },
]

let base: string
let storage: Storage
let manifest: Manifest
let places = 0
before(async () => {
  base = mkdtempSync(join(tmpdir(), 'backstream-restore-order-'))
  storage = createMemoryStorage()
  const sources = [
    { ...sourceOf({ entries: etc }), at: 'etc' },
    { ...sourceOf({ entries: uploads }), at: 'uploads' },
  ]
  const { deps, request } = runOf(storage, sourceOf({}), { deps: { sources } })
  manifest = await runBackup(deps, request)
})
after(() => rmSync(base, { recursive: true, force: true }))

const newPlace = () => join(base, String(places++))

async function restore(to: string, over: Partial<RestoreOrder> = {}) {
  const plan = await planRestore(storage, { manifest, to, signal, keepOwners: false, ...over })
  const report = emptyReport()
  await carryOutRestore(storage, plan, { report })
  return report
}

/** A directory with an older and a newer file than those of the backup, and one of its own. */
function usedPlace(): string {
  const to = newPlace()
  mkdirSync(join(to, 'uploads/d'), { recursive: true })
  const put = (path: string, seconds: number) => {
    writeFileSync(join(to, path), `mine ${path}`)
    utimesSync(join(to, path), seconds, seconds)
  }
  put('uploads/a', takenAtSeconds - 60)
  put('uploads/d/b', takenAtSeconds + 60)
  put('uploads/other', takenAtSeconds)
  symlinkSync('elsewhere', join(to, 'uploads/d/l'))
  return to
}

const contentOf = (to: string, path: string) => readFileSync(join(to, path), 'utf8')

describe('restoring over what is there', () => {
  it('is refused when nothing is said of it', async () => {
    const to = usedPlace()
    await assert.rejects(restore(to), { code: 'restore-target' })
    assert.equal(contentOf(to, 'uploads/a'), 'mine uploads/a')
  })

  it('never: adds what is missing and leaves the rest', async () => {
    const to = usedPlace()
    const { kept, replaced } = await restore(to, { overwrite: 'never' })
    assert.equal(contentOf(to, 'uploads/a'), 'mine uploads/a')
    assert.equal(contentOf(to, 'uploads/d/b'), 'mine uploads/d/b')
    assert.equal(contentOf(to, 'etc/hosts'), 'saved hosts')
    assert.equal(contentOf(to, 'uploads/other'), 'mine uploads/other')
    assert.ok(kept >= 3)
    assert.equal(replaced, 0)
  })

  it('if-newer: replaces what is older than the backup has it', async () => {
    const to = usedPlace()
    await restore(to, { overwrite: 'if-newer' })
    assert.equal(contentOf(to, 'uploads/a'), 'saved a')
    assert.equal(contentOf(to, 'uploads/d/b'), 'mine uploads/d/b')
  })

  it('always: replaces what the backup has, links too, and leaves the rest', async () => {
    const to = usedPlace()
    const { replaced } = await restore(to, { overwrite: 'always' })
    assert.equal(contentOf(to, 'uploads/a'), 'saved a')
    assert.equal(contentOf(to, 'uploads/d/b'), 'saved b')
    assert.equal(contentOf(to, 'uploads/d/l'), 'saved a')
    assert.equal(contentOf(to, 'uploads/other'), 'mine uploads/other')
    assert.equal(lstatSync(join(to, 'uploads/a')).nlink, 2)
    assert.equal(lstatSync(join(to, 'uploads/a')).mtimeMs, takenAtSeconds * 1000 + 500)
    assert.equal(replaced, 3)
  })

  it('done again it comes to the same, and leaves nothing of its own', async () => {
    const to = newPlace()
    await restore(to)
    await restore(to, { overwrite: 'always' })
    assert.deepEqual(readdirSync(join(to, 'uploads')).sort(), ['a', 'd', 'h'])
    assert.equal(lstatSync(join(to, 'uploads/h')).nlink, 2)
  })

  it('names what stands in its way before anything is written', async () => {
    const to = newPlace()
    mkdirSync(join(to, 'etc/hosts'), { recursive: true })
    mkdirSync(join(to, 'uploads'))
    symlinkSync('/tmp', join(to, 'uploads/d'))
    const expected = { code: 'restore-target', message: /"etc\/hosts", "uploads\/d"/ }
    await assert.rejects(restore(to, { overwrite: 'always' }), expected)
    assert.ok(!existsSync(join(to, 'uploads/a')))
  })
})

describe('restoring a part', () => {
  it('takes one source of several', async () => {
    const to = newPlace()
    assert.equal((await restore(to, { source: 'uploads' })).entries, uploads.length)
    assert.deepEqual(readdirSync(to), ['uploads'])
  })

  it('takes paths within a source only', async () => {
    const to = newPlace()
    await restore(to, { source: 'uploads', paths: ['**/b'] })
    assert.equal(contentOf(to, 'uploads/d/b'), 'saved b')
    const outside = restore(newPlace(), { source: 'uploads', paths: ['etc/hosts'] })
    await assert.rejects(outside, { code: 'no-such-path' })
  })

  it('names the sources there are for one that is not', async () => {
    const to = newPlace()
    const expected = { code: 'no-such-path', remedy: 'Its sources are: etc, uploads.' }
    await assert.rejects(restore(to, { source: 'db' }), expected)
    assert.ok(!existsSync(to))
  })
})

describe('a restore that ended early', () => {
  it('names what is not restored', async () => {
    const plan = await planRestore(storage, {
      ...{ manifest, to: newPlace(), signal, keepOwners: false },
    })
    const report = { ...emptyReport(), entries: 4, current: 'uploads/d/b' }
    const names: string[] = []
    for await (const name of notRestored(storage, plan, report)) names.push(name)
    assert.deepEqual(names, ['uploads/d/b', 'uploads/d/l', 'uploads/h'])
  })
})
