import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Storage } from '@backstream/storage'
import fc from 'fast-check'
import { listBackups } from './catalogue.ts'
import { restoreGuideKey, slotKey } from './layout.ts'
import { writeNote } from './notes.ts'
import { voidSlot } from './slot.ts'
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
  type Stand,
} from './sweep-samples.ts'

const { signal } = new AbortController()

describe('the sweep, of backups whose manifest is gone', () => {
  for (const versioned of [false, true]) {
    it(`removes pruned ones after the grace of their retention (versioned: ${versioned})`, async () => {
      const stand = openStand({ versioned })
      const [first] = [await stand.backUp(), await stand.backUp()]
      await stand.prune(1)
      stand.clock.advance(dayMs - 1)
      assert.match((await stand.sweep({ graceMs: 0 })).waiting[0]?.why ?? '', /brought back/)
      assert.equal((await below(stand.storage, first)).length, 4)
      stand.clock.advance(1)
      assert.deepEqual(refs(await stand.sweep()), [`${plan}/${first} pruned`])
      assert.deepEqual(await below(stand.storage, first), [])
      stand.clock.advance(7 * dayMs)
      assert.deepEqual(refs(await stand.sweep()), [`${plan}/${first} old-void`])
      assert.ok((await unrecorded(stand.storage)).every((key) => !key.includes(first)))
      assert.equal((await listBackups(stand.storage, plan)).backups.length, 1)
    })
  }

  it('leaves a pruned one that was pinned since', async () => {
    const stand = openStand()
    const [first] = [await stand.backUp(), await stand.backUp()]
    await stand.prune(1)
    const { clock, storage } = stand
    clock.advance(hourMs)
    await writeNote(storage, { plan, backup: first, kind: 'pin', by: 'test' }, { clock, signal })
    clock.advance(30 * dayMs)
    assert.deepEqual((await stand.sweep()).swept, [])
  })

  it('never touches one that was not pruned: a later backup, or a note, tells that it was there', async () => {
    const stand = openStand()
    const ids = [await stand.backUp(), await stand.backUp(), await stand.backUp()]
    const [first = '', , newest = ''] = ids
    const { clock, storage } = stand
    await storage.delete(slotKey(plan, first))
    await writeNote(storage, { plan, backup: newest, kind: 'verify', by: 'x' }, { clock, signal })
    await storage.delete(slotKey(plan, newest))
    clock.advance(30 * dayMs)
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(report.swept, [])
    assert.deepEqual(report.manifestGone, [`${plan}/${first}`, `${plan}/${newest}`])
    assert.equal((await below(storage, first)).length, 3)
  })

  it('never touches whole ones without a manifest when there are more than accidents explain', async () => {
    const stand = openStand()
    const { storage } = stand
    const ids = [await stand.backUp(), await stand.backUp(), await stand.backUp()]
    for (const backup of ids) await storage.delete(slotKey(plan, backup))
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(report.swept, [])
    assert.equal(report.manifestGone.length, 3)
  })

  it('removes one that died between its last object and its manifest', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await stand.backUp()
    await stand.storage.delete(slotKey(plan, backup))
    assert.deepEqual(refs(await stand.sweep({ graceMs: 0 })), [`${plan}/${backup} abandoned`])
  })

  it('never touches one whose manifest is still among the versions of its slot', async () => {
    const stand = openStand({ versioned: true })
    const backup = await stand.backUp()
    await stand.storage.delete(slotKey(plan, backup))
    const report = await stand.sweep({ graceMs: 0 })
    assert.deepEqual(report.manifestGone, [`${plan}/${backup}`])
    assert.equal((await below(stand.storage, backup)).length, 3)
  })

  it('removes an attempt that was to be pinned and never became a backup', async () => {
    const stand = openStand()
    await stand.backUp()
    const backup = await abandon(stand)
    const { clock, storage } = stand
    await writeNote(storage, { plan, backup, kind: 'pin', by: 'run' }, { clock, signal })
    assert.equal((await stand.sweep({ graceMs: 0 })).swept.length, 1)
    assert.deepEqual(await below(storage, backup), [])
  })
})

describe('the sweep, of any history', () => {
  it('never removes an object that a manifest names, and leaves nothing else in the end', async () => {
    const step = fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[]))
    const history = fc.array(step, { maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(history, fc.boolean(), fc.boolean(), async (names, versioned, guarded) => {
        const stand = openStand({ versioned, conditionalPut: guarded })
        await stand.backUp()
        for (const name of names) {
          await steps[name](stand)
          await assertWhole(stand.storage)
        }
        for (let week = 0; week < 5; week++) {
          stand.clock.advance(8 * dayMs)
          await stand.sweep()
        }
        await assertOnlyBackups(stand.storage)
      }),
      { numRuns: 60 },
    )
  })
})

let fence = 500
const nextId = () => `20261123T031500Z-${String(fence++).padStart(6, '0')}`

const steps = {
  'back up': async (stand: Stand) => void (await stand.backUp()),
  abandon: async (stand: Stand) => void (await abandon(stand, nextId())),
  'abandon and void': async (stand: Stand) => {
    const backup = await abandon(stand, nextId())
    const given = { plan, backup, by: 'test', reason: 'failed' }
    await voidSlot(stand.storage, given, { clock: stand.clock, signal })
  },
  'stray upload': async ({ storage }: Stand) => {
    const [newest] = (await listBackups(storage, plan)).backups
    await cutUpload(storage, newest?.archives[0]?.key ?? '')
  },
  prune: async (stand: Stand) => await stand.prune(2),
  sweep: async (stand: Stand) => void (await stand.sweep()),
  'sweep without grace': async (stand: Stand) => void (await stand.sweep({ graceMs: 0 })),
  'a day passes': async ({ clock }: Stand) => clock.advance(dayMs),
  'Redis is wiped': async (stand: Stand) => stand.forgetEverything(),
} as const

async function assertWhole(storage: Storage): Promise<void> {
  const { backups, unreadable } = await listBackups(storage, plan)
  assert.deepEqual(unreadable, [])
  assert.ok(backups.length > 0)
  for (const { archives, index } of backups) {
    for (const { key, bytes } of [...archives, index]) {
      assert.equal((await storage.head(key)).bytes, bytes)
    }
  }
}

async function assertOnlyBackups(storage: Storage): Promise<void> {
  const { backups } = await listBackups(storage, plan)
  const wanted = backups.flatMap(({ backup, archives, index }) => [
    ...archives.map(({ key }) => key),
    index.key,
    restoreGuideKey(plan, backup),
    slotKey(plan, backup),
  ])
  assert.deepEqual((await unrecorded(storage)).sort(), ['backstream.json', ...wanted].sort())
}

/** All but the record of what was pruned, which stays for good. */
async function unrecorded(storage: Storage): Promise<string[]> {
  return (await everything(storage)).filter((key) => !key.startsWith('_pruned/'))
}
