import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemoryStorage, type Storage } from '@backstream/storage'
import { clockAt, runOf, sourceOf } from './backup-samples.ts'
import { planPrefix, slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { type PlanReportInput, planReport } from './plan-report.ts'
import { prunePlan } from './prune-plan.ts'
import { readEvidence } from './read-evidence.ts'
import { runBackup } from './run-backup.ts'

const { signal } = new AbortController()
const day = 86_400_000
const start = Date.parse('2026-03-01T03:00:00Z')

/** One backup a day at these days after the start, the oldest first. */
async function history(days: readonly number[]): Promise<{ storage: Storage; made: Manifest[] }> {
  const storage = createMemoryStorage()
  const made: Manifest[] = []
  for (const at of days) {
    const clock = clockAt(start + at * day)
    const source = sourceOf({ entries: [{ path: 'a', content: `day ${at}` }] })
    const { deps, request } = runOf(storage, source, { deps: { clock } })
    made.push(await runBackup(deps, request))
  }
  return { storage, made }
}

async function reportOf(storage: Storage, over: Partial<PlanReportInput> = {}) {
  return planReport({
    evidence: await readEvidence(storage, 'media', signal),
    sinceMs: start - 2 * day,
    nowMs: start + 9 * day,
    overdueAfterMs: 1.5 * day,
    localTime: (ms) => ms,
    runs: null,
    ...over,
  })
}

async function remove(storage: Storage, { plan, backup }: Manifest): Promise<void> {
  const keys: string[] = [slotKey(plan, backup)]
  for await (const { key } of storage.list(`${planPrefix(plan)}${backup}/`)) keys.push(key)
  for (const key of keys) await storage.delete(key)
}

describe('the report of a plan', () => {
  it('finds nothing amiss where nothing is', async () => {
    const { storage } = await history([0, 1, 2, 3])
    const report = await reportOf(storage, { nowMs: start + 4 * day })
    assert.deepEqual(report.findings, [])
    assert.deepEqual(report.gaps, [])
    assert.deepEqual(report.backups, { made: 4, good: 4, suspect: 0 })
    assert.deepEqual(
      report.days.map(({ state }) => state),
      ['none', 'none', 'green', 'green', 'green', 'green', 'green'],
    )
  })

  it('names a backup that somebody took away, all of it', async () => {
    const { storage, made } = await history([0, 1, 2, 3])
    await remove(storage, made[1] as Manifest)
    const { findings } = await reportOf(storage)
    assert.deepEqual(
      findings.map(({ kind, backup }) => [kind, backup]),
      [['missing', made[1]?.backup]],
    )
    assert.match(findings[0]?.words ?? '', new RegExp(`^${made[2]?.backup} followed it`))
  })

  it('names the newest one too, where the queue remembers it', async () => {
    const { storage, made } = await history([0, 1])
    const newest = made[1] as Manifest
    await remove(storage, newest)
    assert.deepEqual((await reportOf(storage)).findings, [])
    const run = { outcome: 'committed' as const, atMs: start, backup: newest.backup, cause: null }
    const { findings, runs } = await reportOf(storage, { runs: [run] })
    assert.deepEqual(
      findings.map(({ kind, backup }) => [kind, backup]),
      [['missing', newest.backup]],
    )
    assert.equal(runs?.committed, 1)
  })

  it('names a manifest that was changed', async () => {
    const { storage, made } = await history([0, 1])
    const [first] = made as [Manifest]
    const forged = { ...first, run: { ...first.run, worker: 'somebody else' } }
    const bytes = new TextEncoder().encode(JSON.stringify(forged))
    await storage.put(slotKey('media', first.backup), bytes)
    const { findings } = await reportOf(storage)
    assert.deepEqual(
      findings.map(({ kind, backup }) => [kind, backup]),
      [['changed', first.backup]],
    )
  })

  it('does not take what retention removed for stolen, nor its days for red', async () => {
    const { storage, made } = await history([0, 1, 2, 3])
    const clock = clockAt(start + 4 * day)
    const request = { installation: 'test', plan: 'media', policy: { keepLast: 1 }, by: 'test' }
    const report = await prunePlan(
      { storage, clock, signal },
      {
        ...request,
        localTime: (ms) => ms,
        blocks: [],
        despite: [],
        isConfirmed: true,
        isDryRun: false,
      },
    )
    assert.equal(report.removed.length, 3)
    // As the sweep does after its grace.
    for (const one of made.slice(0, 3)) await remove(storage, one)
    const after = await reportOf(storage, { nowMs: start + 4 * day })
    assert.deepEqual(after.findings, [])
    assert.equal(after.prunings, 3)
    assert.ok(!after.days.some(({ state }) => state === 'red'))
  })

  it('tells the days on which there was no backup within the limit', async () => {
    const { storage } = await history([0, 1, 5])
    const { gaps, days } = await reportOf(storage, { nowMs: start + 6 * day })
    assert.equal(gaps.length, 1)
    assert.equal(days.map(({ state }) => state[0]).join(''), 'nnggrrrrg')
  })

  it('says nothing of days where nothing says how old a backup may be', async () => {
    const { storage } = await history([0, 2])
    const { gaps, days } = await reportOf(storage, { overdueAfterMs: null, nowMs: start + 3 * day })
    assert.deepEqual(gaps, [])
    assert.equal(days.map(({ state }) => state[0]).join(''), 'nngngn')
  })
})
