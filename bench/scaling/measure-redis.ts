import { connect } from 'node:net'
import type { RunResult } from '@backstream/jobs'
import { silentLogger, systemClock } from '@backstream/kernel'
import {
  createRunProducer,
  createRunWorker,
  openQueueConnection,
  type QueueConnection,
  reconcileSchedules,
  type ScheduledPlan,
} from '@backstream/queue'
import { startPrivateRedis, waitFor } from '@backstream/testkit'

export interface RedisFigures {
  readonly bytesPerPlan: number
  readonly bytesPerKeptRun: number
  /** All plans written anew, and looked at again with nothing to do. */
  readonly reconcileMs: { readonly first: number; readonly again: number }
  /** Runs of no work through the queue, from the first enqueued to the last ended. */
  readonly runsPerSecond: number
}

const runsMeasured = 1000

/** A real Redis, the real reconciler and a worker whose runs do nothing. */
export async function measureRedis(plans: number): Promise<RedisFigures> {
  await using redis = await startPrivateRedis()
  await using connection = await openQueueConnection({
    ...{ redis: { url: redis.url }, installation: 'scaling' },
    ...{ logger: silentLogger, clock: systemClock },
  })
  const empty = await usedMemory(redis.port)
  const scheduled = Array.from({ length: plans }, (_, at) => planOf(`plan-${at}`))
  const request = { plans: scheduled, mayChange: true, mayRemove: true }
  const first = await timed(() => reconcileSchedules(connection, request))
  const withPlans = await usedMemory(redis.port)
  const again = await timed(() => reconcileSchedules(connection, request))
  const runsMs = await timed(() => endRuns(connection, scheduled))
  const withRuns = await usedMemory(redis.port)
  return {
    bytesPerPlan: (withPlans - empty) / plans,
    bytesPerKeptRun: (withRuns - withPlans) / runsMeasured,
    reconcileMs: { first, again },
    runsPerSecond: runsMeasured / (runsMs / 1000),
  }
}

function planOf(name: string): ScheduledPlan {
  return {
    ...{ name, runsOn: null, attempts: 3, enabled: true, catchUpMs: null },
    backoff: { delayMs: 10_000, factor: 3, maxMs: 1_800_000 },
    schedule: { kind: 'cron', pattern: '15 3 * * *', timezone: 'Europe/Berlin', jitterMs: 600_000 },
  }
}

async function endRuns(
  connection: QueueConnection,
  plans: readonly ScheduledPlan[],
): Promise<void> {
  let ended = 0
  await using _worker = createRunWorker(connection, {
    ...{ serves: ['backups'], concurrency: 20, workerName: 'one', host: 'here' },
    knowsPlan: () => true,
    processors: {
      'backup.run': async ({ payload }) => {
        ended++
        return resultOf(payload.plan)
      },
      'backup.cleanup': async () => {},
    },
  })
  const producer = createRunProducer(connection)
  for (let run = 0; run < runsMeasured; run++) {
    const plan = plans[run % plans.length]
    if (plan) await producer.enqueueRun({ plan, trigger: 'manual' })
  }
  await waitFor(() => Promise.resolve(ended >= runsMeasured), { what: 'all runs to end' })
}

function resultOf(plan: string): RunResult {
  return {
    ...{ outcome: 'committed', plan, backup: '20260102T030405Z-000001', status: 'good' },
    ...{ bytes: 123_456_789, entries: 12_345, storedBytes: 45_678_901 },
    ...{ durationMs: 123_456, warnings: 0 },
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function usedMemory(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write('INFO memory\r\n')
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      const bytes = /^used_memory:(\d+)\r$/m.exec(text)?.[1]
      if (bytes !== undefined) return Number(bytes)
    }
    throw new Error('Redis did not tell how much memory it uses')
  } finally {
    socket.destroy()
  }
}
