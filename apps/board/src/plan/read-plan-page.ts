import {
  type BackupGlance,
  type RecentDay,
  type RetentionVerdict,
  recentDays,
} from '@backstream/backup'
import { localTime, nextRuns, type Plan } from '@backstream/config'
import type { RunProducer, RunSummary } from '@backstream/queue'
import type { PlanOverviewRow } from '../overview/read-overview.ts'
import type { BoardState } from '../state/board-state.ts'
import { withDeadline } from '../with-deadline.ts'
import { verdictsOf } from './verdicts.ts'

export interface PlanPage {
  readonly plan: Plan
  readonly row: PlanOverviewRow
  /** Newest first; null when the bucket cannot be read. */
  readonly backups: readonly BackupGlance[] | null
  readonly verdicts: ReadonlyMap<string, RetentionVerdict>
  /** Newest first; null when Redis did not answer. */
  readonly runs: readonly RunSummary[] | null
  readonly nextMs: readonly number[]
  /** All backups are asked for, not only the newest. */
  readonly isWhole: boolean
  /** Half a year, oldest first. */
  readonly days: readonly RecentDay[]
  readonly nowMs: number
  readonly asOfMs: number
}

export interface ReadPlanPageOptions {
  readonly state: BoardState
  readonly producer: Pick<RunProducer, 'findRuns'>
  readonly timeZone: string | undefined
  readonly isWhole: boolean
}

const shownRuns = 15
const shownDays = 26 * 7
const redisTimeoutMs = 3_000

/** Undefined for a plan that is not configured. */
export async function readPlanPage(
  name: string,
  { state, producer, timeZone, isWhole }: ReadPlanPageOptions,
): Promise<PlanPage | undefined> {
  const plan = state.planNamed(name)
  if (plan === undefined) return undefined
  await state.freshPlan(plan)
  const asked = producer.findRuns({ plan: name, jobName: 'backup.run', limit: shownRuns })
  // What the page tells of the queue is then missing, and said to be.
  const runs = await withDeadline(asked, redisTimeoutMs, 'Redis').catch(() => null)
  const overview = state.overview()
  const row = overview.plans.find((each) => each.plan === name)
  if (row === undefined) return undefined
  const look = state.lookAt(name)
  const { nowMs } = overview
  const zone = timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone
  return {
    ...{ plan, row, runs, nowMs, isWhole },
    backups: look.glances,
    verdicts: verdictsOf(plan, look.glances ?? [], nowMs),
    nextMs:
      plan.schedule === null ? [] : nextRuns(plan.schedule, name, { afterMs: nowMs, count: 5 }),
    days: recentDays(look.glances ?? [], {
      nowMs,
      days: shownDays,
      failuresAtMs: [...(state.failuresOf(name) ?? [])],
      localTime: (ms) => localTime(zone, ms),
    }),
    asOfMs: look.asOfMs ?? nowMs,
  }
}
