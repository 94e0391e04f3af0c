import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@backstream/kernel'
import { createMemoryStorage, faulty, type Storage } from '@backstream/storage'
import { contentsOf, runOf, sourceOf } from './backup-samples.ts'
import { listBackups } from './catalogue.ts'
import { BackupError } from './errors.ts'
import { backupPrefix, slotKey } from './layout.ts'
import { writeNote } from './notes.ts'
import { type PruneRequest, prunePlan } from './prune-plan.ts'
import { runBackup } from './run-backup.ts'
import { readSlot, voidSlot } from './slot.ts'
import { undoPrune } from './undo-prune.ts'

const plan = 'media'
const { signal } = new AbortController()
const dayMs = 86_400_000

function clockAt(startMs: number): Clock & { advance(ms: number): void } {
  let ms = startMs
  return {
    now: () => ms,
    monotonicMs: () => ms,
    advance: (by) => {
      ms += by
    },
  }
}

/** A plan with a backup a day, and a clock that stands after the last. */
async function openHistory(
  days: number,
): Promise<{ storage: Storage; clock: Clock; ids: string[] }> {
  const storage = createMemoryStorage()
  const clock = clockAt(Date.parse('2026-05-01T03:00:00Z'))
  const ids: string[] = []
  for (let day = 0; day < days; day += 1) {
    const { deps, request } = runOf(storage, sourceOf({ entries: [{ path: 'a', content: 'x' }] }), {
      deps: { clock },
      request: {
        run: { id: `${day}@1`, attempt: 1, worker: 'w', host: 'h', scheduledForMs: null },
      },
    })
    ids.push((await runBackup(deps, request)).backup)
    clock.advance(dayMs)
  }
  return { storage, clock, ids }
}

function requestOf(over: Partial<PruneRequest> = {}): PruneRequest {
  return {
    installation: 'test',
    plan,
    policy: { keepLast: 2 },
    localTime: (ms) => ms,
    by: 'test',
    blocks: [],
    despite: [],
    isConfirmed: false,
    isDryRun: false,
    ...over,
  }
}

async function idsIn(storage: Storage): Promise<string[]> {
  return (await listBackups(storage, plan)).backups.map(({ backup }) => backup).toReversed()
}

describe('pruning a plan', () => {
  it('removes the manifests that no rule keeps, and leaves their objects where they are', async () => {
    const { storage, clock, ids } = await openHistory(4)
    const report = await prunePlan({ storage, clock, signal }, requestOf())
    assert.equal(report.outcome, 'pruned')
    assert.deepEqual(report.removed, ids.slice(0, 2))
    assert.deepEqual(await idsIn(storage), ids.slice(2))
    const { keys } = await contentsOf(storage)
    const left = keys.filter((key) => key.startsWith(backupPrefix(plan, ids[0] ?? '')))
    assert.ok(left.some((key) => key.endsWith('archive.tar.zst')))
    assert.equal(left.filter((key) => key.endsWith('-pruned.json')).length, 1)
  })

  it('can be taken back: the manifest stands again as it was', async () => {
    const { storage, clock, ids } = await openHistory(3)
    const at = { plan, backup: ids[0] ?? '' }
    const key = slotKey(plan, at.backup)
    const before = await readSlot(storage, key)
    await prunePlan({ storage, clock, signal }, requestOf())
    assert.equal(await readSlot(storage, key), undefined)
    assert.equal(await undoPrune(storage, at, signal), 'restored')
    assert.deepEqual(await readSlot(storage, key), before)
    assert.equal(await undoPrune(storage, at, signal), 'was-there')
  })

  it('cannot be taken back once the sweep has begun', async () => {
    const { storage, clock, ids } = await openHistory(3)
    const at = { plan, backup: ids[0] ?? '' }
    await prunePlan({ storage, clock, signal }, requestOf())
    await voidSlot(storage, { ...at, by: 'sweep', reason: 'pruned' }, { clock, signal })
    await assert.rejects(undoPrune(storage, at, signal), isCode('slot-voided'))
  })

  it('has nothing to take back where nothing was pruned', async () => {
    const storage = createMemoryStorage()
    const at = { plan, backup: '20260501T030000Z-000001' }
    await assert.rejects(undoPrune(storage, at, signal), isCode('no-such-backup'))
  })

  it('is held when more would go than anybody would expect, until it is confirmed', async () => {
    const { storage, clock, ids } = await openHistory(8)
    const held = await prunePlan({ storage, clock, signal }, requestOf())
    assert.equal(held.outcome, 'held')
    assert.equal(held.limit, 5)
    assert.deepEqual(await idsIn(storage), ids)
    const done = await prunePlan({ storage, clock, signal }, requestOf({ isConfirmed: true }))
    assert.equal(done.outcome, 'pruned')
    assert.equal(done.removed.length, 6)
  })

  for (const block of ['failed', 'overdue'] as const) {
    it(`removes nothing while the plan is ${block}, unless told to all the same`, async () => {
      const { storage, clock, ids } = await openHistory(4)
      const blocked = await prunePlan({ storage, clock, signal }, requestOf({ blocks: [block] }))
      assert.equal(blocked.outcome, 'blocked')
      assert.deepEqual(blocked.blocks, [block])
      assert.deepEqual(await idsIn(storage), ids)
      const despite = requestOf({ blocks: [block], despite: [block] })
      assert.equal((await prunePlan({ storage, clock, signal }, despite)).outcome, 'pruned')
    })
  }

  it('takes a refuted newest backup for a reason to remove nothing', async () => {
    const { storage, clock, ids } = await openHistory(4)
    const refuted = { depth: 'deep', outcome: 'refuted' }
    const note = { plan, backup: ids[3] ?? '', kind: 'verify', by: 'test', facts: refuted } as const
    await writeNote(storage, note, { clock, signal })
    const report = await prunePlan({ storage, clock, signal }, requestOf())
    assert.deepEqual(report.blocks, ['suspect'])
    assert.deepEqual(await idsIn(storage), ids)
  })

  it('leaves pinned backups and those that are locked', async () => {
    const { storage, clock, ids } = await openHistory(4)
    const [first = '', second = ''] = ids
    await writeNote(storage, { plan, backup: first, kind: 'pin', by: 'test' }, { clock, signal })
    const facts = { until: '2030-01-01T00:00:00.000Z' }
    const lock = { plan, backup: second, kind: 'lock', by: 'test', facts } as const
    await writeNote(storage, lock, { clock, signal })
    const report = await prunePlan(
      { storage, clock, signal },
      requestOf({ policy: { keepLast: 1 } }),
    )
    assert.deepEqual(report.removed, [ids[2]])
  })

  it('keeps everything where no retention is set', async () => {
    const { storage, clock } = await openHistory(3)
    const report = await prunePlan({ storage, clock, signal }, requestOf({ policy: null }))
    assert.equal(report.outcome, 'nothing')
    assert.ok(report.verdicts.every(({ isKept }) => isKept))
  })

  it('changes nothing in a dry run', async () => {
    const { storage, clock } = await openHistory(4)
    const before = await contentsOf(storage)
    const report = await prunePlan({ storage, clock, signal }, requestOf({ isDryRun: true }))
    assert.equal(report.verdicts.filter(({ isKept }) => !isKept).length, 2)
    assert.deepEqual(await contentsOf(storage), before)
  })

  it('goes on past a delete that fails, and names it', async () => {
    const { storage, clock, ids } = await openHistory(4)
    const [first = '', second] = ids
    const broken = faulty(storage, { faults: [{ on: 'delete', nth: 1, fail: 'access-denied' }] })
    const report = await prunePlan({ storage: broken, clock, signal }, requestOf())
    assert.deepEqual(
      report.failures.map(({ backup }) => backup),
      [first],
    )
    assert.deepEqual(report.removed, [second])
    assert.deepEqual(await idsIn(storage), [first, ...ids.slice(2)])
  })

  it('refuses a prefix of another installation', async () => {
    const { storage, clock } = await openHistory(1)
    const foreign = requestOf({ installation: 'other' })
    await assert.rejects(prunePlan({ storage, clock, signal }, foreign), isCode('foreign-prefix'))
  })
})

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BackupError && error.code === code
}
