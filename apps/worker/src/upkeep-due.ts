import { isUpkeepDue, type Plan, type UpkeepKind } from '@backstream/config'
import type { SkippedResult } from '@backstream/jobs'
import type { WorkerContext } from './worker-context.ts'

/**
 * What to say of a job of upkeep that was armed for a time by a plan that has changed since, or that
 * waited until the next one was due. Null: it is to be done. One that somebody asked for always is.
 */
export function judgeUpkeep(
  { clock }: Pick<WorkerContext, 'clock'>,
  plan: Plan,
  at: { readonly kind: UpkeepKind; readonly scheduledForMs: number | null },
): SkippedResult | null {
  const { kind, scheduledForMs } = at
  if (scheduledForMs === null) return null
  if (isUpkeepDue(plan, kind, { dueAtMs: scheduledForMs, nowMs: clock.now() })) return null
  const due = new Date(scheduledForMs).toISOString()
  return skippedUpkeep(plan, `it was armed for ${due}, which is no time of the plan's any more`)
}

export function skippedUpkeep(plan: Pick<Plan, 'name'>, reason: string): SkippedResult {
  return { outcome: 'skipped', plan: plan.name, reason, byRun: null }
}
