import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { nextRun, type Plan } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import {
  type BoardQueue,
  createRunProducer,
  listSchedules,
  openBoardQueues,
  type QueueConnection,
  type ReconcileStep,
  reconcileSchedules,
} from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName, waitFor } from '@backstream/testkit'
import { committed, openQueue, rawRedis, startWorker } from './queue-fixture.ts'
import { everySecond, planOf } from './scheduler-fixture.ts'

describe('reconciling schedules', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))

  it('adds a schedule for each enabled plan that has one, in its queue, and changes nothing after that', async () => {
    await using connection = await open()
    const plans = [
      planOf('media'),
      planOf('nas', { runsOn: 'nas' }),
      planOf('off', { enabled: false }),
      planOf('by-hand', { schedule: null }),
    ]
    const steps = await reconcile(connection, plans)
    assert.deepEqual(steps.map(kindAndPlan), ['added media', 'added nas'])
    const listed = await listSchedules(connection)
    assert.deepEqual(listed.map(({ plan, queue }) => `${plan} in ${queue}`).sort(), [
      'media in backups',
      'nas in backups.nas',
    ])
    const jobs = await boardQueue(connection).getDelayed()
    assert.deepEqual(await reconcile(connection, plans), [])
    assert.deepEqual(
      (await boardQueue(connection).getDelayed()).map(({ id, timestamp }) => [id, timestamp]),
      jobs.map(({ id, timestamp }) => [id, timestamp]),
      'the armed run is the very same job',
    )
  })

  it('arms the run that the schedule says, across daylight saving and jitter', async () => {
    await using connection = await open()
    const schedule = {
      kind: 'cron',
      pattern: '30 2 * * *',
      timezone: 'Europe/Berlin',
      jitterMs: 600_000,
    } as const
    const beforeMs = systemClock.now()
    await reconcile(connection, [planOf('media', { schedule })])
    const [listed] = await listSchedules(connection)
    assert.ok(
      [
        nextRun(schedule, 'media', beforeMs),
        nextRun(schedule, 'media', systemClock.now()),
      ].includes(listed?.nextMs ?? 0),
    )
  })

  it('changes a schedule and its runs when the plan changes', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media')])
    const changed = planOf('media', {
      attempts: 7,
      schedule: { kind: 'every', everyMs: 7_200_000, jitterMs: 0 },
    })
    assert.deepEqual((await reconcile(connection, [changed])).map(kindAndPlan), ['changed media'])
    const jobs = await boardQueue(connection).getDelayed()
    assert.equal(jobs.length, 1)
    assert.equal(jobs[0]?.opts.attempts, 7)
    assert.deepEqual(await reconcile(connection, [changed]), [])
  })

  it('keeps a due run when its schedule is changed', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media', { schedule: everySecond })])
    const [armed] = await listSchedules(connection)
    const due = armed?.nextMs ?? 0
    await waitFor(() => systemClock.now() > due + 50, { what: 'the run to be due' })
    const steps = await reconcile(connection, [planOf('media')])
    assert.deepEqual(steps.map(kindAndPlan), ['changed media'])
    const times = await runsDoneWithin(connection, 'backups', 600)
    assert.deepEqual(times, [due])
    const [next] = await listSchedules(connection)
    assert.ok((next?.nextMs ?? 0) > systemClock.now(), 'and the schedule goes on')
  })

  it('keeps a run that waits in line when its schedule is changed', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media')])
    const [armed] = await listSchedules(connection)
    const job = await boardQueue(connection).getJob(`repeat:media:${armed?.nextMs}`)
    await job?.promote()
    await reconcile(connection, [planOf('media', { attempts: 9 })])
    assert.equal((await boardQueue(connection).getJobCounts('wait'))['wait'], 1)
    assert.equal(await boardQueue(connection).getDelayedCount(), 1)
  })

  it('takes a due run along when the plan moves to another worker', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media', { schedule: everySecond })])
    const [armed] = await listSchedules(connection)
    const due = armed?.nextMs ?? 0
    await waitFor(() => systemClock.now() > due + 50, { what: 'the run to be due' })
    const steps = await reconcile(connection, [planOf('media', { runsOn: 'nas' })])
    assert.deepEqual(steps.map(kindAndPlan), ['added media', 'removed media'])
    assert.deepEqual(
      (await listSchedules(connection)).map(({ queue }) => queue),
      ['backups.nas'],
    )
    assert.deepEqual(await runsDoneWithin(connection, 'backups', 300), [])
    assert.deepEqual(await runsDoneWithin(connection, 'backups.nas', 600), [due])
  })

  it('removes the schedule of a plan that is gone, and the run it had armed', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media'), planOf('shop', { runsOn: 'nas' })])
    const steps = await reconcile(connection, [planOf('media')])
    assert.deepEqual(steps.map(kindAndPlan), ['removed shop'])
    assert.equal(await boardQueue(connection, 'backups.nas').getDelayedCount(), 0)
    assert.equal(await boardQueue(connection).getDelayedCount(), 1)
  })

  it('only adds while there is another configuration', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media'), planOf('shop')])
    const steps = await reconcileSchedules(connection, {
      plans: [planOf('media', { attempts: 9 }), planOf('web')],
      mayChange: false,
      mayRemove: false,
    })
    assert.deepEqual(steps?.map(kindAndPlan), ['kept media', 'added web', 'kept shop'])
    assert.deepEqual((await listSchedules(connection)).map(({ plan }) => plan).sort(), [
      'media',
      'shop',
      'web',
    ])
  })

  it('arms a schedule again whose next run was taken away', async () => {
    await using connection = await open()
    await reconcile(connection, [planOf('media')])
    const [armed] = await listSchedules(connection)
    const queue = boardQueue(connection)
    const client = await rawRedis(connection)
    await client.zrem(queue.toKey('delayed'), `repeat:media:${armed?.nextMs}`)
    await client.del(queue.toKey(`repeat:media:${armed?.nextMs}`))
    const steps = await reconcile(connection, [planOf('media')])
    assert.deepEqual(steps.map(kindAndPlan), ['armed-again media'])
    assert.equal(await queue.getDelayedCount(), 1)
  })

  it('gets over a stranger under the id of the next run, whatever state it is in', async () => {
    await using connection = await open()
    const plans = [planOf('media', { schedule: everySecond })]
    await reconcile(connection, plans)
    const queue = boardQueue(connection)
    const [armed] = await listSchedules(connection)
    // What somebody could type: runs under the ids of the next ones, some of them to come late.
    for (let ahead = 1; ahead <= 4; ahead++) {
      await queue.add(
        'backup.run',
        { v: 1, plan: 'media', trigger: 'manual' },
        {
          jobId: `repeat:media:${(armed?.nextMs ?? 0) + ahead * 1000}`,
          delay: ahead === 2 ? 3_600_000 : 0,
        },
      )
    }
    const done = new Set<number>()
    await using _worker = startWorker(connection, async (run) => {
      done.add(run.scheduledForMs ?? 0)
      return committed
    })
    const wanted = (armed?.nextMs ?? 0) + 6_000
    await waitFor(
      async () => {
        await reconcile(connection, plans)
        return [...done].some((time) => time >= wanted)
      },
      { what: 'the schedule to go on', timeoutMs: 20_000 },
    )
  })

  it('drops a missed run that is too old, and keeps one that is not, as a catch-up', async () => {
    await using connection = await open()
    const late = planOf('late', { schedule: everySecond, catchUpMs: null })
    const kept = planOf('kept', { schedule: everySecond, catchUpMs: 3_600_000 })
    await reconcile(connection, [late, kept])
    // Both were due ten minutes ago, with no worker there.
    for (const plan of ['late', 'kept']) await backdate(connection, plan, 600_000)
    const steps = await reconcile(connection, [late, kept])
    assert.deepEqual(steps.map(kindAndPlan), ['missed-run-dropped late'])
    const runs = await createRunProducer(connection).findRuns({ limit: 10 })
    assert.deepEqual(
      runs.map(({ ref, trigger }) => [ref.plan, trigger]),
      [['kept', 'catchup']],
    )
  })
})

async function reconcile(
  connection: QueueConnection,
  plans: readonly Plan[],
): Promise<ReconcileStep[]> {
  const steps = await reconcileSchedules(connection, { plans, mayChange: true, mayRemove: true })
  assert.ok(steps, 'nobody else reconciles this installation')
  return steps
}

function kindAndPlan(step: ReconcileStep): string {
  return `${step.kind} ${step.plan}`
}

function boardQueue(connection: QueueConnection, name = 'backups'): BoardQueue {
  const [queue] = openBoardQueues(connection, [name])
  assert.ok(queue)
  return queue
}

/** The times of the scheduled runs that a worker finds in the queue. */
async function runsDoneWithin(
  connection: QueueConnection,
  queue: string,
  ms: number,
): Promise<(number | null)[]> {
  const times: (number | null)[] = []
  await using _worker = startWorker(
    connection,
    async (run) => {
      times.push(run.scheduledForMs)
      return committed
    },
    { serves: [queue] },
  )
  await sleep(ms)
  return times
}

/** Makes the armed run one that was due that long ago. */
async function backdate(connection: QueueConnection, plan: string, ms: number): Promise<void> {
  const queue = boardQueue(connection)
  const client = await rawRedis(connection)
  const old = Number(await client.zscore(queue.toKey('repeat'), plan))
  const due = old - ms
  await client.rename(queue.toKey(`repeat:${plan}:${old}`), queue.toKey(`repeat:${plan}:${due}`))
  await client.zrem(queue.toKey('delayed'), `repeat:${plan}:${old}`)
  await client.zadd(queue.toKey('delayed'), due * 0x1000, `repeat:${plan}:${due}`)
  await client.zadd(queue.toKey('repeat'), due, plan)
}
