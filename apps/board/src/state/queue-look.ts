import { type Clock, describeError, type Logger } from '@backstream/kernel'
import type {
  ListedSchedule,
  QueueCounts,
  QueueMetrics,
  RunHistory,
  RunsNow,
} from '@backstream/queue'
import { withDeadline } from '../with-deadline.ts'

/** What the queue says; null while Redis does not answer. */
export interface QueueLook {
  readonly runs: RunsNow
  readonly nextMs: ReadonlyMap<string, number>
  /** Since when plans are there. */
  readonly plansSeen: ReadonlyMap<string, number>
  readonly queues: readonly QueueCounts[]
  /** BullMQ's own metrics in Prometheus text. */
  readonly bullmq: string
}

export interface QueueLookOptions {
  readonly runHistory: RunHistory
  readonly listSchedules: () => Promise<readonly ListedSchedule[]>
  readonly plansSeen: () => Promise<ReadonlyMap<string, number>>
  readonly readQueues: () => Promise<QueueMetrics>
  readonly clock: Clock
  readonly logger: Logger
}

const timeoutMs = 10_000

export function createQueueLook(options: QueueLookOptions): {
  now(): QueueLook | null
  read(): Promise<void>
} {
  const { runHistory, listSchedules, plansSeen, readQueues, logger } = options
  let look: QueueLook | null = null
  /** One that outlived its deadline is still at work. */
  let reading: Promise<RunsNow> | undefined
  return {
    now: () => look,
    async read() {
      try {
        reading ??= runHistory.read().finally(() => {
          reading = undefined
        })
        const asked = Promise.all([reading, listSchedules(), plansSeen(), readQueues()])
        const [runs, schedules, seen, { queues, bullmq }] = await withDeadline(
          asked,
          timeoutMs,
          'Redis',
        )
        const nextMs = new Map(schedules.map(({ plan, nextMs: ms }) => [plan, ms]))
        look = { runs, nextMs, plansSeen: seen, queues, bullmq }
      } catch (error) {
        if (look !== null) logger.warn({ err: error }, `overview: ${describeError(error)}`)
        look = null
      }
    },
  }
}
