import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Manifest } from './manifest.ts'
import { compareStatus, needsAttention, type PlanStatusInput, planStatus } from './plan-status.ts'
import type { BackupStanding } from './standing.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-24T12:00:00Z')

function standing(
  finishedAtMs: number,
  over: Partial<BackupStanding> & { readonly status?: 'suspect' } = {},
): BackupStanding {
  const { status = 'good', ...rest } = over
  const manifest = {
    backup: `b-${finishedAtMs}`,
    status,
    suspect: [{ rule: 'shrink', expected: 'at least 10 bytes', found: '2 bytes' }],
    run: { finishedAt: new Date(finishedAtMs).toISOString() },
    archives: [{ bytes: 10 }],
    index: { bytes: 1 },
    sources: [{ bytes: 100 }],
  } as unknown as Manifest
  return {
    ...{ manifest, isGood: status === 'good', isPinned: false, isAccepted: false },
    ...{ verified: null, lockedUntilMs: null },
    ...rest,
  }
}

function input(over: Partial<PlanStatusInput> = {}): PlanStatusInput {
  return {
    plan: 'media',
    enabled: true,
    overdueAfterMs: 26 * hour,
    backups: { standings: [standing(now - hour)] },
    lastRun: null,
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
  const backups = { standings: [standing(now - 27 * hour)] }
  assert.equal(stateOf({ backups }), 'overdue')
})

test('a suspect newest backup is suspect and does not count as the newest good one', () => {
  const backups = {
    standings: [standing(now - 1, { status: 'suspect' }), standing(now - hour)],
  }
  const status = planStatus(input({ backups }))
  assert.equal(status.state, 'suspect')
  assert.equal(status.newestGood?.ageMs, hour)
  assert.match(status.words, /shrink: expected at least 10 bytes, found 2 bytes/)
})

test('a suspect backup that was accepted is good, one that was refuted is not', () => {
  const accepted = standing(now - 1, { status: 'suspect', isGood: true, isAccepted: true })
  const status = planStatus(input({ backups: { standings: [accepted] } }))
  assert.equal(status.state, 'good')
  assert.equal(status.newestGood?.ageMs, 1)
  const verified = { atMs: now, depth: 'deep', isRefuted: true } as const
  const refuted = standing(now - 1, { isGood: false, verified })
  const other = planStatus(input({ backups: { standings: [refuted] } }))
  assert.deepEqual([other.state, other.newestGood], ['suspect', null])
  assert.match(other.words, /refuted/)
})

test('no good backup at all is never', () => {
  assert.equal(stateOf({ backups: { standings: [] } }), 'never')
})

test('the worst plan comes first, and only good, running and disabled need nobody', () => {
  const good = planStatus(input({ plan: 'a' }))
  const unknown = planStatus(input({ plan: 'b', backups: null }))
  assert.deepEqual([good, unknown].sort(compareStatus), [unknown, good])
  assert.deepEqual([good, unknown].map(needsAttention), [false, true])
})
