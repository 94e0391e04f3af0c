/**
 * When what keeps backups in order is done: verifications, drills, pruning. It follows from the plan
 * alone, so that whoever arms one and whoever is handed one agree whether it is still wanted.
 */
import type { Plan, Schedule } from '../model.ts'
import { nextRun } from './next-run.ts'

export const upkeepKinds = ['verify', 'verify-deep', 'drill', 'prune'] as const
export type UpkeepKind = (typeof upkeepKinds)[number]

export type UpkeepPlan = Pick<Plan, 'name' | 'enabled' | 'verify' | 'drill' | 'retention'>

/** Beside the one after each backup: for what nobody was there to prune then. */
const pruneEveryMs = 24 * 3_600_000

/** The first time strictly after `afterMs`; null where the plan does not ask for it. */
export function nextUpkeep(plan: UpkeepPlan, kind: UpkeepKind, afterMs: number): number | null {
  const schedule = plan.enabled ? scheduleOf(plan, kind) : null
  // Each at an hour of its own: not all at once, and not when the plan itself runs.
  return schedule && nextRun(schedule, `${kind} ${plan.name}`, afterMs)
}

/** Whether `dueAtMs` is one of its times by what the plan says now, and the last one up to `nowMs`. */
export function isUpkeepDue(
  plan: UpkeepPlan,
  kind: UpkeepKind,
  at: { readonly dueAtMs: number; readonly nowMs: number },
): boolean {
  const { dueAtMs, nowMs } = at
  const following = nextUpkeep(plan, kind, dueAtMs)
  return nextUpkeep(plan, kind, dueAtMs - 1) === dueAtMs && following !== null && following > nowMs
}

/** The worker that does it, by name; null: any that serves `maintenance`. */
export function upkeepRunsOn(plan: UpkeepPlan, kind: UpkeepKind): string | null {
  if (kind === 'drill') return plan.drill?.runsOn ?? null
  return kind === 'prune' ? null : (plan.verify?.runsOn ?? null)
}

function scheduleOf({ verify, drill, retention }: UpkeepPlan, kind: UpkeepKind): Schedule | null {
  switch (kind) {
    case 'verify':
      return every(verify?.everyMs ?? null)
    case 'verify-deep':
      return every(verify?.deepMs ?? null)
    case 'drill':
      return drill?.schedule ?? null
    case 'prune':
      return retention && every(pruneEveryMs)
  }
}

function every(everyMs: number | null): Schedule | null {
  return everyMs === null ? null : { kind: 'every', everyMs, jitterMs: 0 }
}
