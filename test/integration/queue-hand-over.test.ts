import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@backstream/kernel'
import {
  acquireLease,
  acquireLimits,
  createRunProducer,
  leaseHolder,
  ledgerRunId,
  limitsOwner,
  openBoardQueues,
} from '@backstream/queue'
import {
  openTestRedis,
  type StartedProcess,
  startProcess,
  type TestRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { committed, endOf, media, openQueue, rawRedis, startWorker } from './queue-fixture.ts'

describe('a run that leaves its worker', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('hands back what does not end within the grace, cleaned up and at no attempt', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const steps: string[] = []
    const worker = startWorker(connection, async (run) => {
      steps.push('begun')
      await new Promise((resolve) => run.signal.addEventListener('abort', resolve))
      await sleep(50)
      steps.push('cleaned up')
      throw run.signal.reason
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => steps.length === 1, { what: 'the run to begin' })
    await worker.close({ graceMs: 50 })
    assert.deepEqual(steps, ['begun', 'cleaned up'])
    const put = await producer.getRun(ref)
    assert.equal(put?.state, 'waiting')
    assert.equal(put?.attemptsMade, 0)
    assert.deepEqual(await producer.workersOf('backups'), [])

    await using _next = startWorker(connection, async (run) => {
      steps.push(`attempt ${run.attempt}`)
      return committed
    })
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
    assert.deepEqual(steps, ['begun', 'cleaned up', 'attempt 1'])
  })

  it('lets a run end within the grace', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    let isBegun = false
    const worker = startWorker(connection, async (run) => {
      isBegun = true
      await sleep(200)
      assert.ok(!run.signal.aborted)
      return committed
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => isBegun, { what: 'the run to begin' })
    await worker.close({ graceMs: 60_000 })
    assert.equal((await producer.getRun(ref))?.state, 'completed')
  })

  it('goes to another worker when its own was killed', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const doomed = startHangingWorker(redis.url, installation)
    await doomed.waitForOutput(/begun/)
    doomed.signal('SIGKILL')
    await doomed.exited
    await using _other = startWorker(connection, async () => committed, { stalledCheckMs: 100 })
    const last = await endOf(producer, ref)
    assert.equal(last?.kind, 'completed')
  })

  it('is failed when it has killed its worker too often, scheduled or not, and can be tried again', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await killFourTimes(redis.url, installation)
    const job = await producer.getRun(ref)
    const owner = ledgerRunId({ jobId: ref.jobId, timestampMs: job?.createdAtMs ?? 0 })
    // As a worker that was killed leaves it.
    const request = { plan: 'media', owner, ttlMs: 600_000, logger: silentLogger }
    const dead = await acquireLease(connection, request)
    assert.ok(!('heldBy' in dead))
    const asRun = { owner: limitsOwner({ plan: 'media', runId: owner }) }
    const limits = { ...asRun, sizes: { uplink: 1 }, ttlMs: 600_000, logger: silentLogger }
    const places = await acquireLimits(connection, limits)
    assert.ok('release' in places)
    let calls = 0
    await using _worker = startWorker(
      connection,
      async () => {
        calls++
        return committed
      },
      { stalledCheckMs: 100 },
    )
    const last = await endOf(producer, ref)
    assert.ok(last?.kind === 'failed')
    assert.match(last.reason, /died 4 times during this run in the phase "streaming"/)
    assert.equal(calls, 0)
    assert.equal(await leaseHolder(connection, 'media'), undefined, 'nobody else could run')
    const others = await acquireLimits(connection, { ...limits, owner: 'run-2' })
    assert.ok('release' in others, 'others waited for its place')
    await Promise.all([dead.release(), places.release(), others.release()])
    await producer.retryRun(ref)
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
  })

  it('is completed, however often it has killed its worker, when it had committed before', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await killFourTimes(redis.url, installation)
    const asked: string[][] = []
    await using _worker = startWorker(connection, () => Promise.reject(new Error('begun again')), {
      stalledCheckMs: 100,
      async committedBy({ attempts }) {
        asked.push(attempts.map(({ backup }) => backup.slice(-1)))
        // Nobody can tell: then it has neither failed nor ended well.
        if (asked.length === 1) throw new Error('the store is away')
        return committed
      },
    })
    const last = await endOf(producer, ref)
    assert.ok(last?.kind === 'completed')
    assert.deepEqual(last.result, committed)
    assert.deepEqual(asked, [
      ['1', '2', '3', '4'],
      ['1', '2', '3', '4'],
    ])
  })

  it('and is a clean-up waits after each further death, and is never given up for that', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const attempt = { plan: 'media', backup: '20261128T000000Z-000001' }
    const ref = await producer.enqueueCleanup(attempt)
    const client = await rawRedis(connection)
    await client.hset(`${installation}:maintenance:${ref.jobId}`, 'stc', 4)
    let calls = 0
    await using _worker = startWorker(connection, async () => committed, {
      serves: ['maintenance'],
      processors: {
        'backup.run': async () => committed,
        'backup.cleanup': async () => void calls++,
      },
    })
    const look = () => producer.getRun(ref)
    const wasPutOff = async () => (await look())?.state === 'delayed'
    await waitFor(wasPutOff, { what: 'the clean-up to be put off' })
    assert.equal((await look())?.attemptsMade, 1)
    assert.equal(calls, 0)
    const maintenance = openBoardQueues(connection, ['maintenance'])[0]
    await (await maintenance?.getJob(ref.jobId))?.promote()
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
    assert.equal(calls, 1)
  })

  it('that was only cut off from Redis has not died', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const client = await rawRedis(connection)
    await client.hset(`${installation}:backups:${ref.jobId}`, 'stc', 40)
    await using _worker = startWorker(connection, async () => committed)
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
  })

  it('stays with its worker when the lock ran out and nobody has taken it', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const ended = Promise.withResolvers<void>()
    let signal: AbortSignal | undefined
    await using _worker = startWorker(
      connection,
      async (run) => {
        signal = run.signal
        await ended.promise
        return committed
      },
      { lockMs: 400, stalledCheckMs: 60_000 },
    )
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => signal, { what: 'the run to begin' })
    const lock = `${installation}:backups:${ref.jobId}:lock`
    const client = await rawRedis(connection)
    const before = await client.get(lock)
    await client.del(lock)
    await waitFor(async () => (await client.get(lock)) === before, { what: 'the lock to be back' })
    assert.ok(!signal?.aborted)
    ended.resolve()
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
  })

  it('is told to stop when another worker has it', async () => {
    const installation = uniqueName(redis.prefix)
    await using connection = await openQueue(redis.url, installation)
    const producer = createRunProducer(connection)
    const stopped = Promise.withResolvers<{ code?: unknown }>()
    let isBegun = false
    await using _worker = startWorker(
      connection,
      async (run) => {
        isBegun = true
        run.signal.addEventListener('abort', () => stopped.resolve(run.signal.reason))
        await stopped.promise
        throw run.signal.reason
      },
      { lockMs: 400, stalledCheckMs: 60_000 },
    )
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => isBegun, { what: 'the run to begin' })
    const client = await rawRedis(connection)
    await client.set(`${installation}:backups:${ref.jobId}:lock`, 'somebody else')
    assert.equal((await stopped.promise).code, 'run-lost')
  })
})

async function killFourTimes(url: string, installation: string): Promise<void> {
  for (let crash = 1; crash <= 4; crash++) {
    await using doomed = startHangingWorker(url, installation)
    await doomed.waitForOutput(/begun/, 30_000)
    doomed.signal('SIGKILL')
    await doomed.exited
  }
}

function startHangingWorker(url: string, installation: string): StartedProcess {
  const script = new URL('./queue-hanging-worker.ts', import.meta.url).pathname
  return startProcess({ command: process.execPath, args: [script, url, installation] })
}
