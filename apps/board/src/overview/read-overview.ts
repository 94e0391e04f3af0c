import {
  type BackupGlance,
  compareStatus,
  type HeldPrune,
  heldPrune,
  type PlanStatus,
  planStatus,
  type RecentDay,
  recentDays,
  retentionBackupOf,
} from '@backstream/backup'
import { type Config, localTime, type Plan } from '@backstream/config'
import type { Clock } from '@backstream/kernel'
import type { QueueCounts, RunSummary } from '@backstream/queue'
import type { BucketLooks, PlanLook } from '../state/bucket-looks.ts'
import { lastRunOf } from '../state/last-run.ts'
import type { QueueLook } from '../state/queue-look.ts'
import type { UnknownPlan } from '../state/unknown-look.ts'

export interface PlanOverviewRow extends PlanStatus {
  /** The last thirty, oldest first. */
  readonly days: readonly RecentDay[]
  /** Manifests that cannot be read. */
  readonly unreadable: number
}

export interface Overview {
  /** Worst first. */
  readonly plans: readonly PlanOverviewRow[]
  /** Under way or in line, newest first. */
  readonly going: readonly RunSummary[]
  readonly unknownPlans: readonly UnknownPlan[]
  /** Null when Redis did not answer. */
  readonly queues: readonly QueueCounts[] | null
  readonly nowMs: number
  /** Of what is known of the buckets: the oldest of it. */
  readonly asOfMs: number
}

export interface ReadOverviewOptions {
  readonly config: Config
  readonly buckets: BucketLooks
  readonly queue: () => QueueLook | null
  readonly clock: Clock
  readonly timeZone: string | undefined
}

const hourMs = 3_600_000
const shownDays = 30
const notYet = 'not read yet: the bucket is being looked at for the first time'

/** From what is known in memory: asks nobody. */
export function createOverviewReader(options: ReadOverviewOptions): () => Overview {
  const { config, buckets, queue, clock } = options
  const slowFactsOf = createSlowReader(options)
  return () => {
    const nowMs = clock.now()
    const look = queue()
    const going = look?.runs.going ?? []
    const goingByPlan = Map.groupBy(going, ({ ref }) => ref.plan)
    const plans = config.plans.map((plan): PlanOverviewRow => {
      const known = buckets.of(plan.name)
      const run = goingByPlan.get(plan.name)?.[0] ?? look?.runs.lastEnded.get(plan.name)
      return {
        ...statusOf(plan, { known, nowMs, run, look }),
        ...slowFactsOf(plan, { known, nowMs, look }),
        unreadable: known.unreadable,
      }
    })
    const readAt = config.plans.flatMap(({ name }) => buckets.of(name).asOfMs ?? [])
    return {
      plans: plans.sort(compareStatus),
      going,
      unknownPlans: buckets.unknownPlans(),
      queues: look?.queues ?? null,
      nowMs,
      asOfMs: readAt.reduce((oldest, ms) => Math.min(oldest, ms), nowMs),
    }
  }
}

interface Known {
  readonly known: PlanLook
  readonly nowMs: number
  readonly run: RunSummary | undefined
  readonly look: QueueLook | null
}

function statusOf(plan: Plan, { known, nowMs, run, look }: Known): PlanStatus {
  return planStatus({
    plan: plan.name,
    enabled: plan.enabled,
    overdueAfterMs: plan.overdueAfterMs,
    isScheduled: plan.enabled && plan.schedule !== null,
    backups: known.glances,
    unreachable: known.problem ?? notYet,
    expectedSinceMs: look?.plansSeen.get(plan.name) ?? null,
    lastRun: run ? lastRunOf(run) : null,
    nextRunMs: look?.nextMs.get(plan.name) ?? null,
    // Found out with the other slow facts.
    retention: null,
    nowMs,
  })
}

interface SlowFacts {
  readonly days: readonly RecentDay[]
  readonly heldPrune: HeldPrune | null
}

interface SlowQuestion {
  readonly known: PlanLook
  readonly nowMs: number
  readonly look: QueueLook | null
}

/** Wall clocks are dear to ask: what needs them is found out again only when something has changed. */
function createSlowReader(options: ReadOverviewOptions) {
  const timeZone = options.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone
  const remembered = new Map<string, { readonly key: unknown[]; readonly facts: SlowFacts }>()
  return (plan: Plan, { known, nowMs, look }: SlowQuestion): SlowFacts => {
    const failures = look?.runs.failuresAtMs.get(plan.name)
    const key = [known.glances, failures?.size, Math.floor(nowMs / hourMs)]
    const before = remembered.get(plan.name)
    if (before?.key.every((part, at) => part === key[at])) return before.facts
    const since = nowMs - (shownDays + 1) * 24 * hourMs
    const glances = known.glances ?? []
    const recent = glances.filter(({ startedAtMs }) => startedAtMs > since)
    const days = recentDays(recent, {
      nowMs,
      days: shownDays,
      failuresAtMs: [...(failures ?? [])].filter((ms) => ms > since),
      localTime: (ms) => localTime(timeZone, ms),
    })
    const facts = { days, heldPrune: heldPruneOf(plan, glances, nowMs) }
    remembered.set(plan.name, { key, facts })
    return facts
  }
}

function heldPruneOf(
  { retention }: Plan,
  glances: readonly BackupGlance[],
  nowMs: number,
): HeldPrune | null {
  if (retention === null) return null
  const history = glances.map((glance) => retentionBackupOf(glance, nowMs))
  const clock = { nowMs, localTime: (ms: number) => localTime(retention.timezone, ms) }
  return heldPrune(history, retention, clock)
}
