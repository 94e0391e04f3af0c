/**
 * Runs that were missed while Redis itself was lost.
 *
 * A schedule that had to be added may be new, or may have been forgotten with all that was due: only
 * the bucket can tell. So its plan is noted as owed in the same Redis, and looked into a little later,
 * when a run that was under way has learned that its lease is gone, and has ended one way or the other.
 */
import type { Plan } from '@backstream/config'
import { describeError } from '@backstream/kernel'
import { type ScheduledPlan, type WantedSchedule, wantedSchedule } from './arm-schedule.ts'
import { mapOfPairs } from './ledger-record.ts'
import { mayCatchUp } from './missed-run.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { nextOfPattern } from './plan-schedule.ts'
import { scheduledJobId } from './run-summary.ts'
import { translateError } from './translate-error.ts'

export interface CatchUpRequest {
  readonly plans: readonly ScheduledPlan[]
  /** When the newest backup of the plan was begun, whatever became of it since; null: there is none. */
  newestBackupOf(plan: Pick<Plan, 'name'>): Promise<number | null>
  /** How long after a schedule was added its plan is looked into. */
  readonly settleMs: number
}

export type CatchUpStep = {
  readonly kind: 'caught-up' | 'missed-run-dropped'
  readonly plan: string
  readonly dueAtMs: number
}

/** What nobody could find out about for so long is not caught up on any more. */
const owedForMs = 24 * 3_600_000

export async function owe(link: Link, plan: string): Promise<void> {
  await link.redis.zadd(owedKey(link), 'NX', link.clock.now(), plan)
}

/** Safe in any number of processes at once: a run that is due is added under the id of its time. */
export async function catchUpOwed(
  connection: QueueConnection,
  request: CatchUpRequest,
): Promise<CatchUpStep[]> {
  const link = linkOf(connection)
  const steps: CatchUpStep[] = []
  try {
    const owed = mapOfPairs(await link.redis.zrange(owedKey(link), '0', '-1', 'WITHSCORES'))
    for (const [name, since] of owed) {
      const ageMs = link.clock.now() - Number(since)
      if (ageMs < request.settleMs) continue
      const plan = request.plans.find((candidate) => candidate.name === name)
      const step = plan ? await lookInto(link, plan, request) : 'unknown'
      if (step === 'unknown' && ageMs < owedForMs) continue
      await link.redis.zrem(owedKey(link), name)
      if (typeof step === 'object') steps.push(step)
    }
  } catch (error) {
    throw translateError(error, link.address)
  }
  return steps
}

async function lookInto(
  link: Link,
  plan: ScheduledPlan,
  { newestBackupOf }: CatchUpRequest,
): Promise<CatchUpStep | 'nothing' | 'unknown'> {
  const wanted = wantedSchedule(plan)
  if (!wanted) return 'nothing'
  try {
    const newestAtMs = await newestBackupOf(plan)
    // A plan that never had a backup has missed none.
    return newestAtMs === null ? 'nothing' : await catchUp(link, wanted, newestAtMs)
  } catch (error) {
    link.logger.warn(
      { plan: plan.name, err: error },
      `nobody can tell yet whether a run of ${plan.name} was missed: ${describeError(error)}`,
    )
    return 'unknown'
  }
}

async function catchUp(
  link: Link,
  wanted: WantedSchedule,
  newestAtMs: number,
): Promise<CatchUpStep | 'nothing'> {
  const { plan, queue, data, options } = wanted
  const nowMs = link.clock.now()
  const dueAtMs = nextOfPattern(wanted.pattern, newestAtMs)
  if (dueAtMs > nowMs) return 'nothing'
  if (!mayCatchUp(wanted, dueAtMs, nowMs)) return { kind: 'missed-run-dropped', plan, dueAtMs }
  const jobId = scheduledJobId(plan, dueAtMs)
  await link.queue(queue).add('backup.run', { ...data, trigger: 'catchup' }, { ...options, jobId })
  return { kind: 'caught-up', plan, dueAtMs }
}

function owedKey(link: Link): string {
  return link.key('owed')
}
