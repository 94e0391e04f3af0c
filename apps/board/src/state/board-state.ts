/** Everything the board's pages tell, in memory and kept fresh; pages are drawn from it at once. */
import type { GlanceCache } from '@backstream/backup'
import type { Config, Plan } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import type { ListedSchedule, QueueMetrics, RunHistory } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import { atMost } from '../at-most.ts'
import { createOverviewReader, type Overview } from '../overview/read-overview.ts'
import { createBucketLooks, type PlanLook } from './bucket-looks.ts'
import { createQueueLook, type QueueLook } from './queue-look.ts'
import { createRefresher } from './refresher.ts'

export interface BoardState {
  /** As it is known now. */
  overview(): Overview
  queue(): QueueLook | null
  planNamed(name: string): Plan | undefined
  lookAt(plan: string): PlanLook
  failuresOf(plan: string): ReadonlySet<number> | undefined
  /** Waits a moment for something fresher than what there is. */
  fresh(): Promise<void>
  freshPlan(plan: Plan): Promise<void>
  /** Reads anew what was just changed. */
  changed(plan: Plan): Promise<void>
  stop(): Promise<void>
}

export interface BoardStateOptions {
  readonly config: Config
  readonly openStorage: (name: string) => Promise<Storage>
  readonly cache?: GlanceCache
  readonly runHistory: RunHistory
  readonly listSchedules: () => Promise<readonly ListedSchedule[]>
  readonly plansSeen: () => Promise<ReadonlyMap<string, number>>
  readonly readQueues: () => Promise<QueueMetrics>
  readonly clock: Clock
  readonly logger: Logger
  readonly timeZone: string | undefined
}

const bucketEveryMs = 60_000
const queueEveryMs = 2_000
/** What a page waits for at most, so that it is there at once whatever the buckets do. */
const pageWaitMs = 150
const planWaitMs = 1_500
const planMaxAgeMs = 5_000

export function createBoardState(options: BoardStateOptions): BoardState {
  const { config, clock } = options
  const buckets = createBucketLooks(options)
  const queue = createQueueLook(options)
  const overview = createOverviewReader({ ...options, buckets, queue: queue.now })
  const bucketLooks = createRefresher({ clock, read: buckets.readAll, everyMs: bucketEveryMs })
  const queueLooks = createRefresher({ clock, read: queue.read, everyMs: queueEveryMs })
  const plans = new Map(config.plans.map((plan) => [plan.name, plan]))
  const committed = createCommitWatch(queue.now)

  async function fresh(): Promise<void> {
    await Promise.all([
      bucketLooks.fresh({ maxAgeMs: bucketEveryMs, waitMs: pageWaitMs }),
      queueLooks.fresh({ maxAgeMs: queueEveryMs, waitMs: pageWaitMs }),
    ])
    // A run that has just made its backup is looked for at once.
    const made = committed().flatMap((name) => plans.get(name) ?? [])
    await atMost(Promise.all(made.slice(0, 20).map(buckets.readPlan)), pageWaitMs)
  }

  return {
    overview,
    queue: queue.now,
    planNamed: (name) => plans.get(name),
    lookAt: buckets.of,
    failuresOf: (plan) => queue.now()?.runs.failuresAtMs.get(plan),
    fresh,
    async freshPlan(plan) {
      const { asOfMs } = buckets.of(plan.name)
      const isOld = asOfMs === null || clock.now() - asOfMs > planMaxAgeMs
      const reading = isOld ? buckets.readPlan(plan) : Promise.resolve()
      await Promise.all([atMost(reading, planWaitMs), fresh()])
    },
    async changed(plan) {
      await Promise.all([queueLooks.again(), atMost(buckets.readPlan(plan), planWaitMs)])
    },
    async stop() {
      await Promise.all([bucketLooks.stop(), queueLooks.stop()])
    },
  }
}

/** Plans whose newest run has ended since it was last asked. */
function createCommitWatch(look: () => QueueLook | null): () => string[] {
  let seen: Map<string, string> | undefined
  return () => {
    const ended = look()?.runs.lastEnded
    if (ended === undefined) return []
    const now = new Map([...ended].map(([plan, { ref }]) => [plan, ref.jobId]))
    const before = seen
    seen = now
    if (before === undefined) return []
    return [...now].filter(([plan, id]) => before.get(plan) !== id).map(([plan]) => plan)
  }
}
