import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, type Fault, faulty, type Storage } from '@backstream/storage'
import { clockAt, contentsOf, runOf, sourceOf } from './backup-samples.ts'
import { cleanUpAttempt } from './clean-up.ts'
import { backupPrefix, slotKey } from './layout.ts'
import { writeNote } from './notes.ts'
import { runBackup } from './run-backup.ts'
import { readSlot, voidSlot } from './slot.ts'

const at = { plan: 'media', backup: '20261123T031500Z-000042' }
const attempt = { ...at, by: 'test', reason: 'the run failed' }
const { signal } = new AbortController()
const hourMs = 3_600_000

const clock = clockAt(1_800_000_000_000)
const prefix = backupPrefix(at.plan, at.backup)

/** What a killed attempt leaves: a volume, an upload in progress, a guide. */
async function leaveBehind(storage: Storage): Promise<void> {
  await storage.put(`${prefix}archive.tar.zst`, Buffer.from('volume'))
  await storage.put(`${prefix}RESTORE.md`, Buffer.from('guide'))
  const cut = (async function* () {
    yield new Uint8Array(3000)
    throw new Error('killed')
  })()
  await assert.rejects(storage.upload(`${prefix}archive.tar.zst.001`, cut, {}), /killed/)
}

const small = { partBytes: 1024 }
const cleanUp = (storage: Storage, over: { graceMs?: number; signal?: AbortSignal } = {}) =>
  cleanUpAttempt(storage, attempt, { clock, signal, ...over })

describe('the clean-up of an attempt', () => {
  it('voids the slot, aborts uploads, deletes objects, and can be done again', async () => {
    const storage = createMemoryStorage(small)
    await leaveBehind(storage)
    const report = await cleanUp(storage)
    assert.deepEqual(
      [report.outcome, report.abortedUploads, report.deletedObjects],
      ['cleaned', 1, 2],
    )
    assert.deepEqual(await contentsOf(storage), {
      keys: [slotKey(at.plan, at.backup)],
      uploads: 0,
    })
    assert.equal((await cleanUp(storage)).deletedObjects, 0)
  })

  it('touches nothing of a backup that was committed', async () => {
    const storage = createMemoryStorage()
    const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'a', content: 'x' }] }))
    const { backup } = await runBackup(deps, request)
    const before = await contentsOf(storage)
    const report = await cleanUpAttempt(storage, { ...attempt, backup }, { clock, signal })
    assert.equal(report.outcome, 'committed')
    assert.deepEqual(await contentsOf(storage), before)
  })

  it('touches nothing of a backup that was pruned: that is for the sweep, after the grace', async () => {
    const storage = createMemoryStorage(small)
    await leaveBehind(storage)
    await writeNote(storage, { ...at, kind: 'pruned', by: 'test' }, { clock, signal })
    const before = await contentsOf(storage)
    assert.equal((await cleanUp(storage)).outcome, 'committed')
    assert.deepEqual(await contentsOf(storage), before)
  })

  it('removes nothing before the slot is void', async () => {
    const storage = createMemoryStorage(small)
    await leaveBehind(storage)
    const before = await contentsOf(storage)
    const broken = faulty(storage, { faults: [{ on: 'put', fail: 'access-denied' }] })
    await assert.rejects(cleanUp(broken), { code: 'access-denied' })
    assert.deepEqual(await contentsOf(storage), before)
  })

  it('removes keys of its own shape only, and of no other attempt', async () => {
    const storage = createMemoryStorage(small)
    await leaveBehind(storage)
    const others = [
      `${prefix}archive.tar.zst.bak`,
      `${prefix}deeper/archive.tar.zst`,
      `${at.plan}/${at.backup}0/archive.tar.zst`,
      `${at.plan}/20261123T031500Z-000043/archive.tar.zst`,
    ]
    for (const key of others) await storage.put(key, Buffer.from('not ours'))
    await cleanUp(storage)
    const { keys } = await contentsOf(storage)
    assert.deepEqual(keys, [...others, slotKey(at.plan, at.backup)].sort())
  })

  it('removes every version', async () => {
    const storage = createMemoryStorage({ ...small, versioned: true })
    await leaveBehind(storage)
    await storage.delete(`${prefix}RESTORE.md`)
    await storage.put(`${prefix}RESTORE.md`, Buffer.from('again'))
    await cleanUp(storage)
    const left: string[] = []
    for await (const { key } of storage.listVersions(prefix)) left.push(key)
    assert.deepEqual(left, [])
  })

  it('goes on past whatever fails, and names all of it', async () => {
    const cases: readonly (readonly [Fault, number, boolean])[] = [
      [{ on: 'abortUpload', fail: 'unavailable' }, 0, false],
      [{ on: 'listUploads', fail: 'access-denied' }, 0, true],
      [{ on: 'delete', nth: 1, fail: 'throttled' }, 1, false],
      [{ on: 'delete', fail: 'access-denied' }, 2, true],
      [{ on: 'delete', fail: 'locked' }, 2, true],
      [{ on: 'listVersions', fail: 'network' }, 2, false],
    ]
    for (const [fault, leftObjects, permanent] of cases) {
      const storage = createMemoryStorage(small)
      await leaveBehind(storage)
      const broken = faulty(storage, { faults: [fault] })
      await assert.rejects(cleanUp(broken), { code: 'clean-up-incomplete', permanent })
      const { keys, uploads } = await contentsOf(storage)
      assert.equal(keys.length - 1, leftObjects, fault.on)
      assert.equal(uploads, fault.on === 'abortUpload' || fault.on === 'listUploads' ? 1 : 0)
      assert.equal((await cleanUp(storage)).outcome, 'cleaned')
    }
  })

  it('looks again for what was completed while it looked', async () => {
    const inner = createMemoryStorage(small)
    await leaveBehind(inner)
    let late = true
    const storage: Storage = {
      ...inner,
      async *listVersions(...listing) {
        yield* inner.listVersions(...listing)
        if (late) await inner.put(`${prefix}index.zst`, Buffer.from('landed late'))
        late = false
      },
    }
    assert.equal((await cleanUp(storage)).deletedObjects, 3)
    assert.equal((await contentsOf(inner)).keys.length, 1)
  })

  it('gives up on one that is being written to without end', async () => {
    const inner = createMemoryStorage(small)
    const storage: Storage = {
      ...inner,
      async *listUploads(...listing) {
        yield* inner.listUploads(...listing)
        await inner.put(`${prefix}index.zst`, Buffer.from('again'))
      },
    }
    await assert.rejects(cleanUp(storage), { code: 'clean-up-incomplete', permanent: false })
  })

  it('ends with the reason of its signal, not with a list of failures', async () => {
    const storage = createMemoryStorage(small)
    await leaveBehind(storage)
    const stop = new AbortController()
    const hanging = faulty(storage, { faults: [{ on: 'delete', fail: 'hang' }] })
    const cleaning = cleanUp(hanging, { signal: stop.signal })
    setImmediate(() => stop.abort(new Error('time is up')))
    await assert.rejects(cleaning, /time is up/)
  })
})

describe('the clean-up of an attempt on a store that does not guard the condition', () => {
  const weak = { ...small, conditionalPut: false }

  it('of one by others leaves its objects until the void is old enough', async () => {
    const storage = createMemoryStorage(weak)
    await leaveBehind(storage)
    const time = clockAt(clock.now())
    const options = { clock: time, signal, graceMs: hourMs }
    assert.equal((await cleanUpAttempt(storage, attempt, options)).outcome, 'voided')
    assert.equal((await contentsOf(storage)).keys.length, 3)
    time.advance(hourMs)
    assert.equal((await cleanUpAttempt(storage, attempt, options)).outcome, 'cleaned')
    assert.equal((await contentsOf(storage)).keys.length, 1)
  })

  it('of its own removes them at once', async () => {
    const storage = createMemoryStorage(weak)
    await leaveBehind(storage)
    assert.equal((await cleanUp(storage, { graceMs: 0 })).outcome, 'cleaned')
  })

  it('finds out what the store honours when the slot was void already', async () => {
    const inner = createMemoryStorage(small)
    await leaveBehind(inner)
    await voidSlot(inner, attempt, { clock, signal })
    let isKnown = false
    const storage: Storage = {
      ...inner,
      get capabilities() {
        return { ...inner.capabilities, conditionalPut: isKnown }
      },
      put: async (key, bytes, options) => {
        isKnown ||= options?.ifAbsent === true
        return await inner.put(key, bytes, options)
      },
    }
    assert.equal((await cleanUp(storage)).outcome, 'cleaned')
    assert.equal((await readSlot(inner, slotKey(at.plan, at.backup)))?.kind, 'void')
  })
})
