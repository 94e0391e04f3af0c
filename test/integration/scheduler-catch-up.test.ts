import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Schedule } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import {
  type ConnectedWorker,
  createRunProducer,
  isWorthCatchingUp,
  listSchedules,
  openBoardQueues,
  type QueueConnection,
} from '@backstream/queue'
import {
  collectLogger,
  openTestRedis,
  startPrivateRedis,
  type TestRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { committed, openQueue, type Run, rawRedis, startWorker } from './queue-fixture.ts'
import { configOf, planOf, startTestScheduler } from './scheduler-fixture.ts'

const hour = 3_600_000
const hourly: Schedule = { kind: 'every', everyMs: hour, jitterMs: 0 }

describe('a run that was missed with Redis', () => {
  it('is caught up on once, from the newest backup, in a Redis that was wiped', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const began = systemClock.now() - 5 * hour
    const runs: Run[] = []
    await using _worker = startWorker(connection, async (run) => {
      runs.push(run)
      return committed
    })
    const config = () => configOf([planOf('media', { schedule: hourly })])
    const newestBackupOf = async () => (runs.length > 0 ? systemClock.now() : began)
    await using _one = await startTestScheduler(connection, config, { newestBackupOf })
    await using _other = await startTestScheduler(connection, config, { newestBackupOf })
    await server.flushAll()
    await waitFor(() => runs.length > 0, { what: 'the missed run' })
    await settled(connection)
    assert.equal(runs.length, 1)
    assert.equal(runs[0]?.payload.trigger, 'catchup')
    const due = runs[0]?.scheduledForMs ?? 0
    assert.ok(due > began && due <= began + hour, 'the first run that was missed stands for all')
    const [next] = await listSchedules(connection)
    assert.ok((next?.nextMs ?? 0) > systemClock.now(), 'the schedule goes on beside it')
  })

  it('is none where the newest backup is newer, where there was never one, or nobody wants it', async () => {
    for (const { newest, plan } of [
      { newest: systemClock.now(), plan: {} },
      { newest: null, plan: {} },
      { newest: systemClock.now() - 5 * hour, plan: { catchUpMs: null } },
    ]) {
      await using server = await startPrivateRedis()
      await using connection = await openQueue(server.url, 'test')
      await using _scheduler = await startTestScheduler(
        connection,
        () => configOf([planOf('media', { schedule: hourly, ...plan })]),
        { newestBackupOf: async () => newest },
      )
      await settled(connection)
      assert.deepEqual(await createRunProducer(connection).findRuns({ limit: 10 }), [])
    }
  })

  it('is looked for again as long as the bucket cannot be asked', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const logger = collectLogger()
    let asked = 0
    await using scheduled = await openQueue(server.url, 'test', logger)
    await using _scheduler = await startTestScheduler(
      scheduled,
      () => configOf([planOf('media', { schedule: hourly })]),
      {
        newestBackupOf: async () => {
          asked++
          if (asked < 3) throw new Error('the store is away')
          return systemClock.now() - 2 * hour
        },
      },
    )
    await settled(connection)
    const runs = await createRunProducer(connection).findRuns({ plan: 'media', limit: 10 })
    assert.deepEqual(
      runs.map(({ trigger }) => trigger),
      ['catchup'],
    )
    assert.ok(logger.lines.some(({ message }) => /the store is away/.test(message)))
  })
})

describe('a run that no worker was there for', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('is told so when a worker that came later begins it', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    await enqueueDueAt(connection, systemClock.now() - hour)
    assert.equal((await firstRun(connection)).wasMissed, true)
  })

  it('was not missed when a worker was there and it had to wait in line', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const id = 'earlier'
    const worker: ConnectedWorker & { id: string } = {
      ...{ id, name: 'busy', host: 'there', pid: 1, serves: ['backups'] },
      startedAtMs: systemClock.now() - 2 * hour,
    }
    const client = await rawRedis(connection)
    const key = `${connection.installation}:live:worker`
    await client.sadd(key, id)
    await client.set(`${key}:${id}`, JSON.stringify(worker))
    await enqueueDueAt(connection, systemClock.now() - hour)
    assert.equal((await firstRun(connection)).wasMissed, false)
  })

  it('may be caught up on while the last of those that were missed is young enough', () => {
    const now = Date.UTC(2026, 0, 2, 12, 30)
    const plan = { name: 'media', schedule: hourly }
    const ago = (hours: number) => now - hours * hour
    for (const [catchUpMs, due, expected] of [
      [null, ago(1), false],
      [Number.POSITIVE_INFINITY, ago(9_999), true],
      [2 * hour, ago(1), true],
      // Five were missed, and the last of them within the hour.
      [hour, ago(5), true],
      [60_000, ago(0.01), true],
    ] as const) {
      assert.equal(isWorthCatchingUp({ ...plan, catchUpMs }, due, now), expected)
    }
    const daily: Schedule = { kind: 'every', everyMs: 24 * hour, jitterMs: 0 }
    const old = { name: 'media', schedule: daily, catchUpMs: 60_000 }
    assert.equal(isWorthCatchingUp(old, ago(30), now), false)
  })
})

/** Nothing more is owed to any plan. */
async function settled(connection: QueueConnection): Promise<void> {
  const client = await rawRedis(connection)
  const listed = async () => (await listSchedules(connection)).length > 0
  const owed = `${connection.installation}:owed`
  await waitFor(async () => (await listed()) && (await client.keys(owed)).length === 0, {
    what: 'the missed runs to be looked into',
  })
}

async function enqueueDueAt(connection: QueueConnection, dueAtMs: number): Promise<void> {
  const [queue] = openBoardQueues(connection, ['backups'])
  await queue?.add(
    'backup.run',
    { v: 1, plan: 'media', trigger: 'schedule' },
    { jobId: `repeat:media:${Math.floor(dueAtMs)}` },
  )
}

async function firstRun(connection: QueueConnection): Promise<Run> {
  const begun = Promise.withResolvers<Run>()
  await using _worker = startWorker(connection, async (run) => {
    begun.resolve(run)
    return committed
  })
  return await begun.promise
}
