import { compareStatus, type PlanStatus, planStatus } from '@backstream/backup'
import type { Config } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type { QueueCounts, QueueMetrics } from '@backstream/queue'
import { withDeadline } from '../with-deadline.ts'

/** Where the overview's plans come from: manifests first, the queue's memory second. */
export interface PlanOverviewSource {
  /** One row a plan, in any order. A bucket that cannot be read is a row `unknown`, not a rejection. */
  load(signal: AbortSignal): Promise<readonly PlanOverviewRow[]>
  /** What the buckets hold of plans that are neither configured nor retired; of those that answer. */
  loadUnknown(signal: AbortSignal): Promise<readonly UnknownPlan[]>
}

export interface UnknownPlan {
  readonly plan: string
  /** Name of the storage. */
  readonly storage: string
  readonly backups: number
  readonly newestFinishedAtMs: number | null
}
export type PlanOverviewRow = PlanStatus

export interface Overview {
  /** Worst first. */
  readonly plans: readonly PlanOverviewRow[]
  readonly unknownPlans: readonly UnknownPlan[]
  /** Null when Redis did not answer. */
  readonly queues: readonly QueueCounts[] | null
  /** BullMQ's own metrics in Prometheus text; empty when Redis did not answer. */
  readonly bullmq: string
  readonly asOfMs: number
}

export interface ReadOverviewOptions {
  readonly config: Config
  readonly source: PlanOverviewSource
  readonly readQueues: () => Promise<QueueMetrics>
  readonly clock: Clock
  readonly logger: Logger
}

const loadTimeoutMs = 20_000
const queuesTimeoutMs = 5_000
const reuseMs = 5_000

/**
 * Never rejects. Requests that come while the plans are being read, or within a few seconds of it,
 * share them, so that reloading a page costs the bucket nothing. Queues are asked each time.
 */
export function createOverviewReader(options: ReadOverviewOptions): () => Promise<Overview> {
  let latest: { readonly startedMs: number; readonly plans: Promise<ReadPlans> } | undefined
  return async () => {
    const nowMs = options.clock.monotonicMs()
    if (latest === undefined || nowMs - latest.startedMs > reuseMs) {
      latest = { startedMs: nowMs, plans: readPlans(options) }
    }
    const [plans, queues] = await Promise.all([latest.plans, loadQueues(options)])
    return { ...plans, queues: queues?.queues ?? null, bullmq: queues?.bullmq ?? '' }
  }
}

type ReadPlans = Pick<Overview, 'plans' | 'unknownPlans' | 'asOfMs'>

async function readPlans(options: ReadOverviewOptions): Promise<ReadPlans> {
  const [plans, unknownPlans] = await Promise.all([loadPlans(options), loadUnknown(options)])
  return { plans: [...plans].sort(compareStatus), unknownPlans, asOfMs: options.clock.now() }
}

async function loadUnknown({
  source,
  logger,
}: ReadOverviewOptions): Promise<readonly UnknownPlan[]> {
  try {
    const signal = AbortSignal.timeout(loadTimeoutMs)
    return await withDeadline(source.loadUnknown(signal), loadTimeoutMs, 'looking for other plans')
  } catch (error) {
    logger.warn({ err: error }, `overview: ${describeError(error)}`)
    return []
  }
}

async function loadPlans(options: ReadOverviewOptions): Promise<readonly PlanOverviewRow[]> {
  const { source, config, clock, logger } = options
  try {
    const signal = AbortSignal.timeout(loadTimeoutMs)
    return await withDeadline(source.load(signal), loadTimeoutMs, 'reading the plans')
  } catch (error) {
    logger.warn({ err: error }, `overview: ${describeError(error)}`)
    // Whatever was green a moment ago: nothing is known now.
    return config.plans.map(({ name, enabled, overdueAfterMs, schedule }) =>
      planStatus({
        plan: name,
        enabled,
        overdueAfterMs,
        backups: null,
        unreachable: describeError(error),
        lastRun: null,
        isScheduled: enabled && schedule !== null,
        nextRunMs: null,
        nowMs: clock.now(),
      }),
    )
  }
}

async function loadQueues(options: ReadOverviewOptions): Promise<QueueMetrics | null> {
  try {
    return await withDeadline(options.readQueues(), queuesTimeoutMs, 'Redis')
  } catch (error) {
    options.logger.warn({ err: error }, `overview: ${describeError(error)}`)
    return null
  }
}
