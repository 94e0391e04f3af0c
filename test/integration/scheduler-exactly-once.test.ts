import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { nextRun, type Plan, type Schedule } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { type QueueConnection, type RunWorker, reconcileSchedules } from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName } from '@backstream/testkit'
import { committed, openQueue, startWorker } from './queue-fixture.ts'
import { configOf, everySecond, planOf, startTestScheduler } from './scheduler-fixture.ts'

/** Two minutes and `every: 5s` in the long form. */
const seconds = Number(process.env['TEST_SCHEDULER_SECONDS'] ?? 15)
const everyFive: Schedule = { kind: 'every', everyMs: 5_000, jitterMs: 0 }

interface Seen {
  readonly plan: string
  readonly dueMs: number
  readonly begunMs: number
}

describe('each due run happens exactly once', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('with three schedulers that are restarted all the time, and two workers', async () => {
    const installation = uniqueName(redis.prefix)
    const plans = [
      planOf('second', { schedule: everySecond }),
      planOf('five', { schedule: everyFive }),
    ]
    const seen: Seen[] = []
    const stop = new AbortController()
    const schedulers = [900, 1700, 2600].map((pauseMs) =>
      keepRestarting({ installation, plans, pauseMs, signal: stop.signal }),
    )
    await using one = await openQueue(redis.url, installation)
    await using two = await openQueue(redis.url, installation)
    await using _workers = new AsyncDisposableStack()
    _workers.use(recordingWorker(one, seen))
    _workers.use(recordingWorker(two, seen))
    await sleep(seconds * 1000)
    stop.abort()
    await Promise.all(schedulers)
    await sleep(500)
    assertExactlyOnce(seen, plans)
  })

  it('while the schedule is written again and again', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const seen: Seen[] = []
    await using _worker = recordingWorker(connection, seen)
    const plan = planOf('second', { schedule: everySecond })
    const endMs = systemClock.monotonicMs() + 6_000
    for (let attempts = 1; systemClock.monotonicMs() < endMs; attempts++) {
      await reconcileSchedules(connection, {
        plans: [{ ...plan, attempts }],
        mayChange: true,
        mayRemove: true,
      })
      await sleep(37)
    }
    assertExactlyOnce(seen, [plan])
  })

  async function keepRestarting(of: {
    readonly installation: string
    readonly plans: readonly Plan[]
    readonly pauseMs: number
    readonly signal: AbortSignal
  }): Promise<void> {
    while (!of.signal.aborted) {
      await using connection = await openQueue(redis.url, of.installation)
      await using _scheduler = await startTestScheduler(connection, () => configOf(of.plans))
      await sleep(of.pauseMs, undefined, { signal: of.signal }).catch(() => {})
    }
  }
})

function recordingWorker(connection: QueueConnection, seen: Seen[]): RunWorker {
  return startWorker(
    connection,
    async (run) => {
      seen.push({
        plan: run.payload.plan,
        dueMs: run.scheduledForMs ?? 0,
        begunMs: systemClock.now(),
      })
      return committed
    },
    { knowsPlan: () => true, plans: ['second', 'five'] },
  )
}

/**
 * No due time twice, and none left out, but for those that had passed when the run before them began:
 * a machine that stands still for longer than the interval catches up once.
 */
function assertExactlyOnce(seen: readonly Seen[], plans: readonly Plan[]): void {
  for (const { name, schedule } of plans) {
    const runs = seen.filter(({ plan }) => plan === name).sort((a, b) => a.dueMs - b.dueMs)
    const times = runs.map(({ dueMs }) => dueMs)
    assert.ok(times.length >= 2, `${name} ran ${times.length} times`)
    assert.equal(new Set(times).size, times.length, `${name} ran twice for one time`)
    for (const [at, run] of runs.entries()) {
      const following = runs[at + 1]
      if (!following || !schedule) continue
      const missed = nextRun(schedule, name, Math.max(run.dueMs, run.begunMs))
      assert.ok(
        following.dueMs <= missed,
        `${name}: nothing ran between ${run.dueMs} and ${following.dueMs}`,
      )
    }
  }
}
