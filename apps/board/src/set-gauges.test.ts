import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics, type Metrics } from '@backstream/runtime/metrics'
import type { Overview, PlanOverviewRow } from './overview/read-overview.ts'
import { setGauges } from './set-gauges.ts'

const good: PlanOverviewRow = {
  plan: 'media',
  state: 'overdue',
  words: '',
  newestGood: {
    backup: '',
    finishedAtMs: 5_000,
    ageMs: 90_000,
    bytes: 1,
    storedBytes: 1,
    changeBytes: null,
  },
  overdueAfterMs: 60_000,
  isOverdue: true,
  lastRun: { outcome: 'committed', atMs: 5_000, cause: null },
  isScheduled: true,
  nextRunMs: 100_000,
  backups: 3,
  days: [],
  unreadable: 0,
  suspects: 1,
  storedBytes: 40,
  proved: { backup: '', how: 'deep', atMs: 7_000, tookMs: null, isRefuted: false },
  openedAtMs: 7_000,
  heldPrune: null,
  drill: {
    ...{ backup: '', atMs: 6_000, isPassed: true, isRestored: true, failed: [] },
    restoreMs: 2_000,
  },
}

const nothing = { going: [], unknownPlans: [], nowMs: 0, asOfMs: 0 }

function overview(plans: readonly PlanOverviewRow[], workers = 2): Overview {
  const counts = { waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0, isPaused: false }
  return { ...nothing, plans, queues: [{ queue: 'backups', workers, ...counts }] }
}

async function gaugesOf(metrics: Metrics): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split('\n')
  const samples = lines.flatMap((line) => {
    const match = /^backstream_(plan_\w+|workers)\{(?:.*state="(\w+)")?.*\} (\d+)$/.exec(line)
    const name = [match?.[1], match?.[2]].filter(Boolean).join('_')
    return match ? [[name, Number(match[3])] as const] : []
  })
  return Object.fromEntries(samples)
}

describe('setGauges', () => {
  const metrics = createMetrics({ installation: 'home', version: '0.1.0' })

  it('tells of a plan what is known', async () => {
    setGauges(metrics, overview([good]))
    deepEqual(await gaugesOf(metrics), {
      plan_last_success_timestamp_seconds: 5,
      plan_last_run_timestamp_seconds: 5,
      plan_last_run_success: 1,
      plan_next_run_timestamp_seconds: 100,
      plan_overdue_after_seconds: 60,
      plan_overdue: 1,
      plan_backups_good: 2,
      plan_backups_suspect: 1,
      plan_stored_bytes: 40,
      plan_last_verified_timestamp_seconds: 7,
      plan_last_drill_timestamp_seconds: 6,
      plan_last_drill_duration_seconds: 2,
      workers: 2,
    })
  })

  it('tells nothing of backups in a bucket that cannot be read, nor the last it knew', async () => {
    setGauges(metrics, overview([{ ...good, state: 'unknown', newestGood: null, lastRun: null }]))
    deepEqual(await gaugesOf(metrics), {
      plan_next_run_timestamp_seconds: 100,
      plan_overdue_after_seconds: 60,
      workers: 2,
    })
  })

  it('tells that a plan is overdue which never had a backup, where somebody knows', async () => {
    const overdueOf = async (isOverdue: boolean | null) => {
      setGauges(metrics, overview([{ ...good, newestGood: null, isOverdue }]))
      return (await gaugesOf(metrics))['plan_overdue']
    }
    deepEqual([await overdueOf(true), await overdueOf(false)], [1, 0])
    deepEqual(await overdueOf(null), undefined)
  })

  it('forgets a plan that is gone', async () => {
    setGauges(metrics, overview([good]))
    setGauges(metrics, { ...overview([]), queues: null })
    deepEqual(await gaugesOf(metrics), {})
  })
})
