import {
  type GlanceCache,
  type GlanceMemory,
  type LastRun,
  type PlanStatus,
  type PlanStatusInput,
  planStatus,
  readGlances,
} from '@backstream/backup'
import { type Config, localTime, type Plan } from '@backstream/config'
import { type Clock, describeError } from '@backstream/kernel'
import type { ListedSchedule, RunProducer } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { rememberOpened } from '../remember-opened.ts'
import { lastRunOf } from '../state/last-run.ts'
import type { UnknownPlan } from '../state/unknown-look.ts'
import { readUnknownPlans } from './read-unknown-plans.ts'

export type { UnknownPlan } from '../state/unknown-look.ts'

/** Where a table of plans comes from: manifests first, the queue's memory second. */
export interface PlanOverviewSource {
  /** One row a plan, in any order. A bucket that cannot be read is a row `unknown`, not a rejection. */
  load(signal: AbortSignal): Promise<readonly PlanStatus[]>
  /** What the buckets hold of plans that are neither configured nor retired; of those that answer. */
  loadUnknown(signal: AbortSignal): Promise<readonly UnknownPlan[]>
}

export interface PlanOverviewSourceOptions {
  readonly config: Config
  /** By name of the storage; called once for each, and again when it rejected. */
  readonly openStorage: (name: string) => Promise<Storage>
  readonly producer: Pick<RunProducer, 'findRuns'>
  readonly listSchedules: () => Promise<readonly ListedSchedule[]>
  /** Since when plans are there, by the memory of the schedulers. */
  readonly plansSeen: () => Promise<ReadonlyMap<string, number>>
  readonly clock: Clock
  /** Where many backups are found sooner than one by one. */
  readonly cache?: GlanceCache | undefined
}

/** Plans from their manifests and, while Redis answers, from the queue. */
export function createPlanOverviewSource(options: PlanOverviewSourceOptions): PlanOverviewSource {
  const storages = rememberOpened(options.openStorage)
  const memories = new Map<string, GlanceMemory>(
    options.config.plans.map(({ name }) => [name, new Map()]),
  )
  return {
    loadUnknown: (signal) => readUnknownPlans(options.config, storages, signal),
    async load(signal) {
      const schedules = await options.listSchedules().catch(() => {
        // The page says by itself that Redis does not answer; the bucket is told of nevertheless.
        return []
      })
      // Nor is it known then since when a plan is waited for that never had a backup.
      const seen = await options.plansSeen().catch(() => new Map<string, number>())
      const next = new Map(schedules.map(({ plan, nextMs }) => [plan, nextMs]))
      return await Promise.all(
        options.config.plans.map(async (plan) =>
          planStatus({
            plan: plan.name,
            enabled: plan.enabled,
            overdueAfterMs: plan.overdueAfterMs,
            ...(await readBackups(plan, storages, {
              signal,
              memory: memories.get(plan.name) ?? new Map(),
              ...(options.cache ? { cache: options.cache } : {}),
            })),
            expectedSinceMs: seen.get(plan.name) ?? null,
            lastRun: await findLastRun(plan, options),
            isScheduled: plan.enabled && plan.schedule !== null,
            nextRunMs: next.get(plan.name) ?? null,
            retention: retentionOf(plan),
            nowMs: options.clock.now(),
          }),
        ),
      )
    },
  }
}

function retentionOf({ retention }: Plan): PlanStatusInput['retention'] {
  if (!retention) return null
  return { policy: retention, localTime: (ms) => localTime(retention.timezone, ms) }
}

async function readBackups(
  plan: Plan,
  storageNamed: (name: string) => Promise<Storage>,
  options: Parameters<typeof readGlances>[2],
): Promise<Pick<PlanStatusInput, 'backups' | 'unreachable'>> {
  try {
    const storage = await storageNamed(plan.storage)
    return { backups: (await readGlances(storage, plan.name, options)).glances }
  } catch (error) {
    return { backups: null, unreachable: describeError(error) }
  }
}

async function findLastRun(
  { name }: Plan,
  { producer }: PlanOverviewSourceOptions,
): Promise<LastRun | null> {
  try {
    const [last] = await producer.findRuns({ plan: name, jobName: 'backup.run', limit: 1 })
    return last ? lastRunOf(last) : null
  } catch {
    // As above: of the queue nothing is known, and the page says so.
    return null
  }
}
