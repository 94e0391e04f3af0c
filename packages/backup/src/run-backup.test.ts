import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createMemoryStorage, faulty, type Storage } from '@backstream/storage'
import { contentsOf, runOf, type SampleEntry, sourceOf } from './backup-samples.ts'
import { listBackups } from './catalogue.ts'
import { BackupError } from './errors.ts'
import { slotKey } from './layout.ts'
import { type Manifest, serializeSlot } from './manifest.ts'
import { runBackup } from './run-backup.ts'
import { readSlot, voidSlot } from './slot.ts'

const entries: SampleEntry[] = [
  { path: 'a.txt', content: 'hello' },
  { path: 'dir', type: 'directory' },
  { path: 'dir/b.txt', content: 'x'.repeat(200_000) },
]

async function backUp(storage: Storage, over: Parameters<typeof runOf>[2] = {}): Promise<Manifest> {
  const run = runOf(storage, sourceOf({ entries }), over)
  return await runBackup(run.deps, run.request)
}

/** A failed attempt leaves a void and nothing else. */
async function assertClean(storage: Storage): Promise<void> {
  const { keys, uploads } = await contentsOf(storage)
  assert.equal(uploads, 0)
  for (const key of keys) {
    assert.match(key, /^media\/[^/]+\.json$/)
    assert.equal((await readSlot(storage, key))?.kind, 'void')
  }
}

test('a backup is its archive, its index, its guide and, last, its manifest', async () => {
  const storage = createMemoryStorage()
  const manifest = await backUp(storage)
  const { keys, uploads } = await contentsOf(storage)
  assert.equal(uploads, 0)
  assert.deepEqual(
    keys.map((key) => key.replace(manifest.backup, 'ID')),
    ['media/ID.json', 'media/ID/RESTORE.md', 'media/ID/archive.tar.zst', 'media/ID/index.zst'],
  )
  const [archive] = manifest.archives
  const chunks: Uint8Array[] = []
  for await (const chunk of (await storage.get(archive?.key ?? '')).body) chunks.push(chunk)
  const sha256 = createHash('sha256').update(Buffer.concat(chunks)).digest('hex')
  assert.equal(archive?.sha256, sha256)
  assert.equal(manifest.content.entries, 3)
  assert.equal(manifest.content.files, 2)
})

test('each backup names the one before by its hash, and has a higher fence', async () => {
  const storage = createMemoryStorage()
  const first = await backUp(storage)
  const second = await backUp(storage)
  assert.equal(first.previous, null)
  assert.equal(second.previous?.backup, first.backup)
  assert.equal(second.run.fence, first.run.fence + 1)
  const listed = await listBackups(storage, 'media')
  assert.deepEqual(
    listed.backups.map(({ backup }) => backup),
    [second.backup, first.backup],
  )
})

test('an archive larger than one object may be goes on in the next volume', async () => {
  const storage = createMemoryStorage({ partBytes: 1024, maxParts: 2 })
  const source = sourceOf({ entries: [{ path: 'large', content: 'x'.repeat(9000) }] })
  const { deps, request } = runOf(storage, source)
  const plan = { ...request.plan, compression: { algorithm: 'none', level: 0 } } as const
  const manifest = await runBackup(deps, { ...request, plan })
  assert.ok(manifest.archives.length > 1)
  assert.ok(manifest.archives.slice(0, -1).every(({ bytes }) => bytes === 2048))
})

test('a source that fails at its end makes no backup and leaves nothing', async () => {
  const storage = createMemoryStorage({ partBytes: 1024 })
  const source = sourceOf({ entries, error: new Error('dump died') })
  const { deps, request } = runOf(storage, source)
  await assert.rejects(runBackup(deps, request), /dump died/)
  await assertClean(storage)
  assert.deepEqual((await listBackups(storage, 'media')).backups, [])
})

test('counts that do not agree make no backup', async () => {
  const storage = createMemoryStorage()
  const source = sourceOf({ entries, summary: { entries: 4 } })
  const { deps, request } = runOf(storage, source)
  await assert.rejects(runBackup(deps, request), { code: 'count-mismatch' })
  await assertClean(storage)
})

test('a run that is fenced off commits nothing', async () => {
  const storage = createMemoryStorage()
  const guard = {
    drawFence: async () => 7,
    recordAttempt: async () => {},
    assertMayCommit: async () => {
      throw new BackupError('fenced-off', 'taken over')
    },
  }
  await assert.rejects(backUp(storage, { deps: { guard } }), { code: 'fenced-off' })
  await assertClean(storage)
})

test('an attempt whose slot was voided meanwhile cannot commit', async () => {
  const storage = createMemoryStorage()
  let backup = ''
  const guard = {
    drawFence: async () => 7,
    recordAttempt: async (id: string) => {
      backup = id
    },
    assertMayCommit: async () => {
      const request = { plan: 'media', backup, by: 'somebody', reason: 'swept' }
      const clock = { now: () => 0, monotonicMs: () => 0 }
      await voidSlot(storage, request, { clock, signal: new AbortController().signal })
    },
  }
  await assert.rejects(backUp(storage, { deps: { guard } }), { code: 'slot-voided' })
  await assertClean(storage)
})

test('a manifest that was put though the answer was lost is a backup', async () => {
  // Puts in order: owner mark, guide, manifest.
  const storage = faulty(createMemoryStorage(), {
    faults: [{ on: 'put', nth: 3, fail: 'unknown-outcome', when: 'after' }],
  })
  const manifest = await backUp(storage)
  const listed = await listBackups(storage, 'media')
  assert.deepEqual(listed.backups[0]?.backup, manifest.backup)
})

test('a manifest whose put failed for good leaves nothing', async () => {
  const storage = faulty(createMemoryStorage(), {
    faults: [{ on: 'put', nth: 3, fail: 'unavailable' }],
  })
  await assert.rejects(backUp(storage), { code: 'unavailable' })
  await assertClean(storage)
})

test('an upload that fails is cleaned up, and its error is the one that is told', async () => {
  const storage = faulty(createMemoryStorage({ partBytes: 1024 }), {
    faults: [{ on: 'upload', nth: 1, fail: 'access-denied' }],
  })
  await assert.rejects(backUp(storage), { code: 'access-denied' })
  await assertClean(storage)
})

test('an aborted run cleans up under a signal of its own', async () => {
  const storage = createMemoryStorage()
  const stop = new AbortController()
  const guard = {
    drawFence: async () => 1,
    recordAttempt: async () => {},
    assertMayCommit: async () => stop.abort(new Error('shutting down')),
  }
  await assert.rejects(
    backUp(storage, { deps: { guard }, request: { signal: stop.signal } }),
    /shutting down/,
  )
  await assertClean(storage)
})

test('a clean-up that fails is handed on, and the first cause is still told', async () => {
  const storage = faulty(createMemoryStorage(), {
    faults: [
      { on: 'upload', nth: 1, fail: 'throttled' },
      { on: 'listUploads', nth: 2, fail: 'access-denied' },
    ],
  })
  const handedOn: string[] = []
  const onCleanUpFailed = async (backup: string) => void handedOn.push(backup)
  await assert.rejects(backUp(storage, { request: { onCleanUpFailed } }), { code: 'throttled' })
  assert.equal(handedOn.length, 1)
})

test("another installation's prefix is refused before anything is sent", async () => {
  const storage = createMemoryStorage()
  await backUp(storage)
  await assert.rejects(backUp(storage, { request: { installation: 'other' } }), {
    code: 'foreign-prefix',
    permanent: true,
  })
})

test('another manifest in its slot is never taken for its own', async () => {
  const storage = createMemoryStorage()
  const other = { ...(await backUp(createMemoryStorage())), plan: 'media' }
  let theirs: Manifest | undefined
  const guard = {
    drawFence: async () => 7,
    recordAttempt: async (backup: string) => {
      theirs = { ...other, backup, run: { ...other.run, id: 'another run', fence: 7 } }
      await storage.put(slotKey('media', backup), serializeSlot(theirs))
    },
    assertMayCommit: async () => {},
  }
  await assert.rejects(backUp(storage, { deps: { guard } }), { code: 'slot-taken' })
  const { backups } = await listBackups(storage, 'media')
  assert.deepEqual(backups, [theirs])
})

test('a commit that cannot be read back does not hide why the attempt failed', async () => {
  // Gets in order: owner mark, slot when voiding, manifest; one listing says nothing was pruned.
  const storage = faulty(createMemoryStorage(), {
    faults: [
      { on: 'put', nth: 3, fail: new Error('the connection broke'), when: 'after' },
      { on: 'get', nth: 3, fail: 'access-denied' },
    ],
  })
  await assert.rejects(backUp(storage), /the connection broke/)
  assert.equal((await listBackups(storage, 'media')).backups.length, 1)
})

test('a run whose signal is aborted after the put of the manifest was done is a backup', async () => {
  const stop = new AbortController()
  const inner = createMemoryStorage()
  const storage: Storage = {
    ...inner,
    put: async (key, bytes, options) => {
      const stored = await inner.put(key, bytes, { ...options, signal: undefined })
      if (key.startsWith('media/') && key.endsWith('Z-000001.json')) {
        stop.abort(new Error('shutting down'))
        stop.signal.throwIfAborted()
      }
      return stored
    },
  }
  const manifest = await backUp(storage, { request: { signal: stop.signal } })
  assert.equal((await listBackups(storage, 'media')).backups[0]?.backup, manifest.backup)
})

test('a worker that may not delete voids its slot and leaves the rest to maintenance', async () => {
  const inner = createMemoryStorage()
  const storage = faulty(inner, { faults: [{ on: 'delete', fail: 'access-denied' }] })
  const handedOn: unknown[] = []
  const onCleanUpFailed = async (_: string, error: unknown) => void handedOn.push(error)
  const guard = {
    drawFence: async () => 7,
    recordAttempt: async () => {},
    assertMayCommit: () => Promise.reject(new BackupError('fenced-off', 'taken over')),
  }
  const run = backUp(storage, { deps: { guard }, request: { onCleanUpFailed } })
  await assert.rejects(run, { code: 'fenced-off' })
  const [error] = handedOn
  assert.ok(error instanceof BackupError && error.code === 'clean-up-incomplete' && error.permanent)
  const { keys } = await contentsOf(inner)
  assert.equal(keys.length, 4)
  const [slot] = keys.filter((key) => key.endsWith('.json'))
  assert.equal((await readSlot(inner, slot ?? ''))?.kind, 'void')
})

test('on a store that guards no condition, a manifest whose archive is gone is withdrawn', async () => {
  const inner = createMemoryStorage({ conditionalPut: false })
  const storage: Storage = {
    ...inner,
    put: async (key, bytes, options) => {
      const stored = await inner.put(key, bytes, options)
      if (key.endsWith('Z-000001.json') && options?.ifAbsent) {
        const backup = key.slice('media/'.length, -'.json'.length)
        await inner.delete(`media/${backup}/archive.tar.zst`)
      }
      return stored
    },
  }
  await assert.rejects(backUp(storage), { code: 'withdrawn' })
  await assertClean(storage)
})

test('on a store that guards no condition, a fence drawn during the commit withdraws it', async () => {
  const storage = createMemoryStorage({ conditionalPut: false })
  let asked = 0
  const guard = {
    drawFence: async () => 7,
    recordAttempt: async () => {},
    assertMayCommit: async () => {
      if (++asked === 2) throw new BackupError('fenced-off', 'taken over')
    },
  }
  await assert.rejects(backUp(storage, { deps: { guard } }), { code: 'withdrawn' })
  await assertClean(storage)
})

test('nothing is sent, and nothing is to be cleaned, where the attempt cannot be written down', async () => {
  const storage = createMemoryStorage()
  const guard = {
    drawFence: async () => 7,
    recordAttempt: () => Promise.reject(new Error('Redis is away')),
    assertMayCommit: async () => {},
  }
  await assert.rejects(backUp(storage, { deps: { guard } }), /Redis is away/)
  assert.deepEqual(await contentsOf(storage), { keys: [], uploads: 0 })
})
