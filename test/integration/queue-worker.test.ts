import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BackstreamError } from '@backstream/kernel'
import { announce, createRunProducer, openBoardQueues, type RunEvent } from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName, waitFor } from '@backstream/testkit'
import {
  committed,
  endOf,
  media,
  openQueue,
  progressAt,
  type Run,
  startWorker,
} from './queue-fixture.ts'

describe('a run worker', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('gives a run to its processor and its result to whoever watches', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const seen: Run[] = []
    await using _worker = startWorker(connection, async (run) => {
      seen.push(run)
      await run.log('a line')
      run.progress(progressAt(1))
      run.progress(progressAt(2))
      return committed
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual', pin: true })
    const kinds: string[] = []
    let last: RunEvent | undefined
    for await (const event of producer.watchRun(ref, { everyMs: 20 })) {
      kinds.push(event.kind)
      last = event
    }
    assert.equal(last?.kind, 'completed')
    assert.deepEqual(last?.kind === 'completed' && last.result, committed)
    const summary = await producer.getRun(ref)
    assert.equal(summary?.progress?.bytesRead, 2, 'the last progress is sent though it came early')
    assert.equal(summary?.trigger, 'manual')
    assert.deepEqual(seen[0]?.payload, { v: 1, plan: 'media', trigger: 'manual', pin: true })
    assert.equal(seen[0]?.attempt, 1)
    assert.equal(seen[0]?.attemptsLeft, 2)
    assert.equal(seen[0]?.scheduledForMs, null)
    const [queue] = openBoardQueues(connection, ['backups'])
    assert.deepEqual((await queue?.getJobLogs(ref.jobId))?.logs, ['a line'])
  })

  it('tries a failing run again, all its attempts, and keeps the reason with its remedy', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const attempts: number[] = []
    await using _worker = startWorker(connection, async (run) => {
      attempts.push(run.attempt)
      throw new BackstreamError('x', 'the store is away', { remedy: 'Look at the store.' })
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const last = await endOf(producer, ref)
    assert.deepEqual(attempts, [1, 2, 3])
    assert.equal(last?.kind === 'failed' && last.reason, 'the store is away. Look at the store.')
    const [failed] = await producer.findRuns({ plan: 'media', states: ['failed'], limit: 5 })
    assert.equal(failed?.attemptsMade, 3)
  })

  it('does not try again after a permanent error', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    let calls = 0
    await using _worker = startWorker(connection, async () => {
      calls++
      throw new BackstreamError('x', 'no such bucket', { permanent: true })
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    assert.equal((await endOf(producer, ref))?.kind, 'failed')
    assert.equal(calls, 1)
  })

  it('gives a retried run all its attempts again', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    let calls = 0
    await using _worker = startWorker(connection, async () => {
      calls++
      throw new Error('again')
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await endOf(producer, ref)
    await producer.retryRun(ref)
    await waitFor(() => calls === 6, { what: 'three more attempts' })
    await endOf(producer, ref)
    assert.equal(calls, 6)
  })

  it('refuses to retry a run that has not failed, and one that nobody knows', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await assert.rejects(producer.retryRun(ref), { code: 'wrong-state', permanent: true })
    await assert.rejects(producer.retryRun({ ...ref, jobId: 'nobody' }), { code: 'no-such-run' })
  })

  it('fails a job whose data is not valid, without calling the processor or repeating the data', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    let calls = 0
    await using _worker = startWorker(connection, async () => {
      calls++
      return committed
    })
    const [queue] = openBoardQueues(connection, ['backups'])
    const jobs = [
      await queue?.add('backup.run', { v: 1, plan: 'media', trigger: 'manual', path: '/secret' }),
      await queue?.add('backup.run', { v: 1, plan: '../media', trigger: 'manual' }),
      await queue?.add('backup.run', { v: 1, plan: 'x'.repeat(100_000), trigger: 'manual' }),
      await queue?.add('rm -rf', { v: 1, plan: 'media', trigger: 'manual' }),
    ]
    for (const job of jobs) {
      const ref = { queue: 'backups', jobId: job?.id ?? '', plan: 'media' }
      const last = await endOf(producer, ref)
      assert.ok(last?.kind === 'failed')
      assert.match(last.reason, /not valid|no kind of job/)
      assert.doesNotMatch(last.reason, /secret|\.\.\/media|xxxxx/)
      assert.ok(last.reason.length < 1000)
      assert.equal(last.run.attemptsMade, 1)
    }
    assert.equal(calls, 0)
  })

  it('fails a run of a plan that nobody alive knows', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    await using scheduler = announce(connection, { role: 'scheduler', plans: ['media'] })
    await scheduler.update({ role: 'scheduler', plans: ['media'] })
    await using _worker = startWorker(connection, async () => committed)
    const ref = await producer.enqueueRun({
      plan: { ...media, name: 'nobodys' },
      trigger: 'manual',
    })
    const last = await endOf(producer, ref)
    assert.ok(last?.kind === 'failed')
    assert.match(last.reason, /no plan named nobodys/)
    assert.equal(last.run.attemptsMade, 1)
  })

  it('leaves a run of a plan it does not know to a worker that does, at no attempt', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const takenBy: string[] = []
    await using _ignorant = startWorker(
      connection,
      async () => {
        takenBy.push('ignorant')
        return committed
      },
      { knowsPlan: () => false, plans: [], workerName: 'ignorant' },
    )
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const put = await waitFor(
      async () => {
        const run = await producer.getRun(ref)
        return run?.state === 'delayed' && run
      },
      { what: 'the run to be put back' },
    )
    assert.equal(put.attemptsMade, 0)
    await _ignorant.close()
    await using _knowing = startWorker(connection, async (run) => {
      takenBy.push(`knowing, attempt ${run.attempt}`)
      return committed
    })
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
    assert.deepEqual(takenBy, ['knowing, attempt 1'])
  })

  it('says who works where', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    {
      await using worker = startWorker(connection, async () => committed)
      await worker.ready()
      const found = await waitFor(
        async () => {
          const workers = await producer.workersOf('backups')
          return workers.length > 0 && workers
        },
        { what: 'the worker to be there' },
      )
      assert.deepEqual(
        found.map(({ name, host, pid }) => ({ name, host, pid })),
        [{ name: 'one', host: 'here', pid: process.pid }],
      )
      assert.deepEqual(await producer.workersOf('backups.nas'), [])
    }
    assert.deepEqual(await producer.workersOf('backups'), [])
  })

  it('adds one clean-up at a time for a backup', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const attempt = { plan: 'media', backup: '20260102T030405Z-000001' }
    const first = await producer.enqueueCleanup(attempt)
    const second = await producer.enqueueCleanup(attempt)
    assert.equal(second.jobId, first.jobId)
    assert.equal((await producer.findRuns({ limit: 10 })).length, 1)
  })
})
