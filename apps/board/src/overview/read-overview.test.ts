import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BackupGlance } from '@backstream/backup'
import type { RunSummary } from '@backstream/queue'
import { sampleConfig, samplePlan } from '../sample-config.ts'
import type { BucketLooks, PlanLook } from '../state/bucket-looks.ts'
import type { QueueLook } from '../state/queue-look.ts'
import { createOverviewReader } from './read-overview.ts'

const nowMs = Date.UTC(2026, 10, 23, 6)
const hour = 3_600_000
const config = sampleConfig({ plans: [samplePlan({ name: 'a' }), samplePlan({ name: 'b' })] })

function glance(atMs: number): BackupGlance {
  return {
    ...{ backup: 'x', startedAtMs: atMs, finishedAtMs: atMs, bytes: 1, storedBytes: 1 },
    ...{ isGood: true, isPinned: false, isAccepted: false, suspicion: null },
    ...{ verified: null, verifiedDeep: null, drill: null, lockedUntilMs: null },
  } as BackupGlance
}

function read(looks: Record<string, Partial<PlanLook>>, queue: Partial<QueueLook> | null) {
  const unread = { glances: null, unreadable: 0, problem: null, asOfMs: null }
  const buckets = {
    of: (plan: string) => ({ ...unread, ...looks[plan] }),
    unknownPlans: () => [],
  } as unknown as BucketLooks
  const runs = { lastEnded: new Map(), failuresAtMs: new Map(), going: [] }
  const look = queue && {
    runs,
    nextMs: new Map(),
    plansSeen: new Map(),
    queues: [],
    bullmq: '',
    ...queue,
  }
  const clock = { now: () => nowMs, monotonicMs: () => 0 }
  return createOverviewReader({
    ...{ config, buckets, clock, timeZone: 'UTC' },
    queue: () => look,
  })()
}

describe('createOverviewReader', () => {
  it('puts the worst first, and says since when it knows', () => {
    const good = { glances: [glance(nowMs - hour)], asOfMs: nowMs - 5 }
    const lost = { problem: 'no route to host', asOfMs: nowMs - 60 }
    const { plans, asOfMs } = read({ a: good, b: lost }, {})
    deepEqual(
      plans.map(({ plan, state, words }) => [plan, state, words]),
      [
        ['b', 'unknown', 'no route to host'],
        ['a', 'good', 'good'],
      ],
    )
    equal(asOfMs, nowMs - 60)
  })

  it('knows nothing yet of what was not looked at', () => {
    const { plans } = read({}, {})
    equal(plans[0]?.state, 'unknown')
    equal(plans[0]?.words.startsWith('not read yet'), true)
  })

  it('finds a plan overdue that was waited for beyond its limit and never had a backup', () => {
    const none = { glances: [], asOfMs: nowMs }
    const plansSeen = new Map([
      ['a', nowMs - 30 * hour],
      ['b', nowMs - hour],
    ])
    const { plans } = read({ a: none, b: none }, { plansSeen })
    deepEqual(
      plans.map(({ plan, state, isOverdue }) => [plan, state, isOverdue]),
      [
        ['a', 'overdue', true],
        ['b', 'never', false],
      ],
    )
  })

  it('tells of a run under way before one that has ended', () => {
    const ended = { state: 'failed', finishedAtMs: nowMs - 10, failedReason: 'no' }
    const going = { ref: { plan: 'a', queue: 'backups', jobId: '1' }, state: 'active' }
    const runs = {
      lastEnded: new Map([['a', ended as RunSummary]]),
      failuresAtMs: new Map([['a', new Set([nowMs - 10])]]),
      going: [going as RunSummary],
    }
    const look = { glances: [glance(nowMs - 30 * hour)], asOfMs: nowMs }
    const { plans } = read({ a: look, b: look }, { runs })
    const a = plans.find(({ plan }) => plan === 'a')
    deepEqual([a?.lastRun?.outcome, a?.days.at(-1)?.failures], ['running', 1])
  })

  it('knows nothing of the queues while Redis does not answer, and all of the buckets', () => {
    const look = { glances: [glance(nowMs - hour)], asOfMs: nowMs }
    const { queues, plans } = read({ a: look, b: look }, null)
    deepEqual([queues, plans[0]?.state], [null, 'good'])
  })
})
