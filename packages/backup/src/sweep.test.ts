import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faulty, type Storage } from '@backstream/storage'
import { listBackups } from './catalogue.ts'
import { backupPrefix, slotKey } from './layout.ts'
import { readSlot, voidSlot } from './slot.ts'
import {
  abandon,
  below,
  cutUpload,
  dayMs,
  everything,
  hourMs,
  openStand,
  plan,
  refs,
} from './sweep-samples.ts'

const { signal } = new AbortController()

describe('the sweep', () => {
  it('removes what an abandoned attempt left, once it stood still and was seen twice', async () => {
    const stand = openStand()
    const kept = await stand.backUp()
    const backup = await abandon(stand)
    assert.equal((await stand.sweep()).waiting.length, 1)
    stand.clock.advance(dayMs)
    const report = await stand.sweep()
    assert.deepEqual(refs(report), [`${plan}/${backup} abandoned`])
    assert.deepEqual([report.swept[0]?.uploads, report.swept[0]?.objects], [1, 1])
    assert.equal(report.bytes, 500 + 2 * 1024)
    assert.deepEqual(await below(stand.storage, backup), [])
    const slot = await readSlot(stand.storage, slotKey(plan, backup))
    assert.equal(slot?.kind === 'void' && slot.void.by, 'backstream sweep')
    assert.equal((await listBackups(stand.storage, plan)).backups[0]?.backup, kept)
    assert.deepEqual((await stand.sweep()).swept, [])
  })

  it('removes it at first sight when told that there is no grace', async () => {
    const stand = openStand()
    await stand.backUp()
    stand.forgetEverything()
    const backup = await abandon(stand)
    assert.deepEqual(refs(await stand.sweep({ graceMs: 0 })), [`${plan}/${backup} abandoned`])
    assert.deepEqual(await below(stand.storage, backup), [])
  })

  it('waits as long as parts arrive, however long ago the upload began', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = '20261123T031500Z-000900'
    const key = `${backupPrefix(plan, backup)}archive.tar.zst`
    const body = (async function* () {
      for (let day = 0; day < 5; day++) {
        yield new Uint8Array(1025)
        stand.clock.advance(dayMs - 1)
        const report = await stand.sweep()
        assert.deepEqual([report.swept, report.waiting.length], [[], 1])
      }
      throw new Error('killed at last')
    })()
    await assert.rejects(stand.storage.upload(key, body, {}), /killed at last/)
    stand.clock.advance(2 * dayMs)
    assert.deepEqual(refs(await stand.sweep()), [`${plan}/${backup} abandoned`])
  })

  it('waits for the second look, and begins anew when something changed in between', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    stand.clock.advance(10 * dayMs)
    assert.match((await stand.sweep()).waiting[0]?.why ?? '', /seen once/)
    stand.clock.advance(30_000)
    assert.match((await stand.sweep()).waiting[0]?.why ?? '', /seen once/)
    await stand.storage.delete(`${backupPrefix(plan, backup)}archive.tar.zst`)
    stand.clock.advance(hourMs)
    assert.match((await stand.sweep()).waiting[0]?.why ?? '', /seen once/)
    stand.clock.advance(hourMs)
    assert.equal((await stand.sweep()).swept.length, 1)
  })

  it('waits while Redis has not lived for as long as the grace', async () => {
    const stand = openStand()
    await stand.backUp()
    await abandon(stand)
    stand.clock.advance(10 * dayMs)
    await stand.sweep()
    stand.forgetEverything()
    await stand.sweep()
    stand.clock.advance(dayMs - 1)
    assert.match((await stand.sweep()).waiting[0]?.why ?? '', /Redis/)
    stand.clock.advance(1)
    assert.equal((await stand.sweep()).swept.length, 1)
  })

  it('leaves what a run under way set out to make, grace or no grace', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    stand.live.add(`${plan}/${backup}`)
    const before = await everything(stand.storage)
    assert.deepEqual((await stand.sweep({ graceMs: 0 })).swept, [])
    assert.deepEqual(await everything(stand.storage), before)
  })

  it('asks who is alive after it has looked', async () => {
    const stand = openStand()
    await stand.backUp()
    let hasLooked = false
    const storage: Storage = {
      ...stand.storage,
      async *listUploads(...listing) {
        yield* stand.storage.listUploads(...listing)
        hasLooked = true
      },
    }
    const backup = await abandon(stand)
    stand.witness.liveAttempts = async () => {
      assert.ok(hasLooked)
      return new Set([`${plan}/${backup}`])
    }
    assert.deepEqual((await stand.sweep({ graceMs: 0 }, storage)).swept, [])
  })

  it('touches nothing of an attempt that commits while it looks', async () => {
    const stand = openStand()
    const backup = await stand.backUp()
    const key = slotKey(plan, backup)
    const manifest = await readSlot(stand.storage, key)
    await stand.storage.delete(key)
    const storage: Storage = {
      ...stand.storage,
      // The manifest lands after the sweep has seen a free slot and before it voids it.
      put: async (put, bytes, options) => {
        await stand.storage.put(key, manifest?.bytes ?? new Uint8Array())
        return await stand.storage.put(put, bytes, options)
      },
    }
    const report = await stand.sweep({ graceMs: 0 }, storage)
    assert.deepEqual(report.swept, [])
    assert.equal((await listBackups(stand.storage, plan)).backups.length, 1)
    assert.equal((await below(stand.storage, backup)).length, 3)
  })

  it('removes what stands behind a void at once, and the void after a week', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    const given = { plan, backup, by: 'test', reason: 'failed' }
    await voidSlot(stand.storage, given, { clock: stand.clock, signal })
    assert.deepEqual(refs(await stand.sweep()), [`${plan}/${backup} voided`])
    stand.clock.advance(7 * dayMs - 1)
    assert.deepEqual((await stand.sweep()).swept, [])
    stand.clock.advance(1)
    assert.deepEqual(refs(await stand.sweep()), [`${plan}/${backup} old-void`])
    assert.equal(await readSlot(stand.storage, slotKey(plan, backup)), undefined)
    assert.deepEqual((await stand.sweep()).swept, [])
  })

  it('aborts a stray upload on the keys of a backup, and nothing else of it', async () => {
    const stand = openStand()
    const backup = await stand.backUp()
    const before = await everything(stand.storage)
    await cutUpload(stand.storage, `${backupPrefix(plan, backup)}archive.tar.zst`)
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(refs(report), [`${plan}/${backup} stray-uploads`])
    assert.deepEqual(await everything(stand.storage), before)
  })

  it('changes nothing in a dry run, not even what it has seen', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    const before = await everything(stand.storage)
    const report = await stand.sweep({ graceMs: 0, isDryRun: true })
    assert.equal(report.outcome, 'dry-run')
    assert.deepEqual(report.swept, [
      { ref: `${plan}/${backup}`, reason: 'abandoned', uploads: 1, objects: 1, bytes: 2548 },
    ])
    assert.deepEqual(await everything(stand.storage), before)
    stand.clock.advance(10 * dayMs)
    await stand.sweep({ isDryRun: true })
    stand.clock.advance(hourMs)
    assert.match((await stand.sweep()).waiting[0]?.why ?? '', /seen once/)
  })

  it('refuses the prefix of another installation, and leaves one that nobody owns', async () => {
    const stand = openStand()
    await abandon(stand)
    assert.equal((await stand.sweep({ graceMs: 0 })).outcome, 'unclaimed')
    await stand.backUp()
    const before = await everything(stand.storage)
    const foreign = stand.sweep({ graceMs: 0, installation: 'other' })
    await assert.rejects(foreign, { code: 'foreign-prefix' })
    assert.deepEqual(await everything(stand.storage), before)
  })

  it('counts and names every other key, and touches none', async () => {
    const stand = openStand()
    await stand.backUp()
    const others = [
      'README.txt',
      `${plan}/notes.txt`,
      `${plan}/20261123T031500Z-000900/archive.tar.zst.bak`,
      `${plan}/20261123T031500Z-000900/deeper/index.zst`,
      `${plan}/20261123T031500Z-000900`,
      'Upper/x',
      'retired-plan/20261123T031500Z-000900/archive.tar.zst',
    ]
    for (const key of others) await stand.storage.put(key, new Uint8Array(1))
    await cutUpload(stand.storage, `${plan}/somebody-elses-upload`)
    await cutUpload(stand.storage, 'retired-plan/20261123T031500Z-000900/archive.tar.zst.001')
    const before = await everything(stand.storage)
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(report.foreign.toSorted(), [
      'README.txt',
      'Upper/',
      `${plan}/20261123T031500Z-000900`,
      `${plan}/20261123T031500Z-000900/archive.tar.zst.bak`,
      `${plan}/20261123T031500Z-000900/deeper/index.zst`,
      `${plan}/notes.txt`,
      `${plan}/somebody-elses-upload`,
    ])
    assert.deepEqual(report.unknownPlans, ['retired-plan'])
    assert.deepEqual(report.swept, [])
    assert.deepEqual(await everything(stand.storage), before)
  })

  it('names a slot that holds rubbish, and leaves what lies below it', async () => {
    const stand = openStand()
    const backup = await stand.backUp()
    await stand.storage.put(slotKey(plan, backup), Buffer.from('rubbish'))
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(report.unreadable, [`${plan}/${backup}`])
    assert.equal((await below(stand.storage, backup)).length, 3)
  })

  it('removes what a probe left, and only that', async () => {
    const stand = openStand()
    await stand.backUp()
    const probe = '.backstream-probe-9b2c1c1e-59f2-4f2c-8ddd-6a5b6a6d3c11'
    await stand.storage.put(probe, new Uint8Array(1))
    await stand.storage.put('.backstream-probe-mine', new Uint8Array(1))
    assert.deepEqual((await stand.sweep()).swept, [])
    stand.clock.advance(dayMs)
    const report = await stand.sweep()
    assert.deepEqual(refs(report), [`${probe} probe`])
    assert.deepEqual(report.foreign, ['.backstream-probe-mine'])
  })

  it('goes on past what fails, and tells of it', async () => {
    const stand = openStand()
    await stand.backUp()
    const first = await abandon(stand)
    const second = await abandon(stand, '20261123T041500Z-000901')
    const broken = faulty(stand.storage, {
      faults: [{ on: 'delete', nth: 1, fail: 'access-denied' }],
    })
    const report = await stand.sweep({ graceMs: 0 }, broken)
    assert.equal(report.failures.length, 1)
    assert.equal((await below(stand.storage, first)).length, 1)
    assert.deepEqual(await below(stand.storage, second), [])
    assert.deepEqual(refs(await stand.sweep({ graceMs: 0 })), [`${plan}/${first} voided`])
  })

  it('reports what is locked, and is no failure for it', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    const locked = faulty(stand.storage, { faults: [{ on: 'delete', fail: 'locked' }] })
    const report = await stand.sweep({ graceMs: 0 }, locked)
    assert.deepEqual(report.failures, [])
    assert.equal(report.locked.length, 1)
    assert.match(report.locked[0] ?? '', new RegExp(`${backup}/archive.tar.zst$`))
  })
})
