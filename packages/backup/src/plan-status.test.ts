import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackupGlance } from './backup-glance.ts'
import { compareStatus, needsAttention, type PlanStatusInput, planStatus } from './plan-status.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-24T12:00:00Z')

function glance(finishedAtMs: number, over: Partial<BackupGlance> = {}): BackupGlance {
  return {
    ...{ backup: `b-${finishedAtMs}`, startedAtMs: finishedAtMs - 1000, finishedAtMs },
    ...{ bytes: 100, storedBytes: 11, suspicion: null },
    ...{ status: 'good', trigger: 'schedule', entries: 1 },
    ...{
      isGood: true,
      isPinned: false,
      isAccepted: false,
      verified: null,
      verifiedDeep: null,
      drill: null,
      lockedUntilMs: null,
    },
    ...over,
  }
}

const suspect = {
  isGood: false,
  suspicion: 'shrink: expected at least 10 bytes, found 2 bytes',
} as const

function input(over: Partial<PlanStatusInput> = {}): PlanStatusInput {
  return {
    plan: 'media',
    enabled: true,
    overdueAfterMs: 26 * hour,
    backups: [glance(now - hour)],
    expectedSinceMs: null,
    lastRun: null,
    isScheduled: false,
    nextRunMs: null,
    nowMs: now,
    ...over,
  }
}

function stateOf(over: Partial<PlanStatusInput>): string {
  return planStatus(input(over)).state
}

test('a recent good backup is good', () => {
  const status = planStatus(input())
  assert.equal(status.state, 'good')
  assert.deepEqual(
    {
      age: status.newestGood?.ageMs,
      bytes: status.newestGood?.bytes,
      stored: status.newestGood?.storedBytes,
    },
    { age: hour, bytes: 100, stored: 11 },
  )
})

test('a bucket that cannot be read is unknown, whatever the queue remembers', () => {
  const lastRun = { outcome: 'committed', atMs: now - 1, cause: null } as const
  assert.equal(stateOf({ backups: null, lastRun }), 'unknown')
})

test('a failure after the newest good backup counts, one before it does not', () => {
  const failedAt = (atMs: number) =>
    stateOf({ lastRun: { outcome: 'failed', atMs, cause: 'no space' } })
  assert.equal(failedAt(now - 1), 'failed')
  assert.equal(failedAt(now - 2 * hour), 'good')
})

test('a good backup older than its limit is overdue', () => {
  const backups = [glance(now - 27 * hour)]
  assert.equal(stateOf({ backups }), 'overdue')
})

test('a plan that never had a backup is overdue once it was waited for longer than its limit', () => {
  const waiting = (agoMs: number | null) =>
    planStatus(input({ backups: [], expectedSinceMs: agoMs === null ? null : now - agoMs }))
  const late = waiting(27 * hour)
  assert.deepEqual([late.state, late.isOverdue, needsAttention(late)], ['overdue', true, true])
  assert.match(late.words, /no good backup yet/)
  assert.deepEqual([waiting(hour).state, waiting(hour).isOverdue], ['never', false])
  // Nobody remembers: it is not said to be within its limit either.
  assert.deepEqual([waiting(null).state, waiting(null).isOverdue], ['never', null])
})

test('a suspect newest backup is suspect and does not count as the newest good one', () => {
  const backups = [glance(now - 1, suspect), glance(now - hour)]
  const status = planStatus(input({ backups }))
  assert.equal(status.state, 'suspect')
  assert.equal(status.newestGood?.ageMs, hour)
  assert.match(status.words, /shrink: expected at least 10 bytes, found 2 bytes/)
})

test('a suspect backup that was accepted is good, one that was refuted is not', () => {
  const accepted = glance(now - 1, { ...suspect, isGood: true, isAccepted: true })
  const status = planStatus(input({ backups: [accepted] }))
  assert.equal(status.state, 'good')
  assert.equal(status.newestGood?.ageMs, 1)
  const verified = { atMs: now, depth: 'deep', isRefuted: true, tookMs: null } as const
  const refuted = glance(now - 1, { isGood: false, verified })
  const other = planStatus(input({ backups: [refuted] }))
  assert.deepEqual([other.state, other.newestGood], ['suspect', null])
  assert.match(other.words, /refuted/)
})

test('no good backup at all is never', () => {
  assert.equal(stateOf({ backups: [] }), 'never')
})

test('the size is told with what it changed by, and all that the backups take', () => {
  const backups = [glance(now - 1, suspect), glance(now - 2, { bytes: 120 }), glance(now - hour)]
  const status = planStatus(input({ backups }))
  assert.equal(status.newestGood?.changeBytes, 20)
  assert.equal(planStatus(input()).newestGood?.changeBytes, null)
  assert.deepEqual([status.backups, status.suspects, status.storedBytes], [3, 1, 33])
})

test('it is proved by the newest verification of any of its backups', () => {
  const verified = { depth: 'deep', isRefuted: false, tookMs: 5 } as const
  const backups = [
    glance(now - 1),
    glance(now - 2, { verified: { ...verified, atMs: now - 30 } }),
    glance(now - 3, { verified: { ...verified, atMs: now - 20 } }),
  ]
  assert.deepEqual(planStatus(input({ backups })).proved, {
    ...{ backup: `b-${now - 3}`, how: 'deep', atMs: now - 20, tookMs: 5, isRefuted: false },
  })
  assert.equal(planStatus(input()).proved, null)
})

test('the worst plan comes first, and only good, running and disabled need nobody', () => {
  const good = planStatus(input({ plan: 'a' }))
  const unknown = planStatus(input({ plan: 'b', backups: null }))
  assert.deepEqual([good, unknown].sort(compareStatus), [unknown, good])
  assert.deepEqual([good, unknown].map(needsAttention), [false, true])
})
