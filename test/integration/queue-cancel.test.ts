import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunResult } from '@backstream/jobs'
import {
  createRunProducer,
  openBoardQueues,
  openSweepWitness,
  type QueueConnection,
  type RunRef,
} from '@backstream/queue'
import {
  openTestRedis,
  startPrivateRedis,
  startProcess,
  type TestRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { committed, endOf, media, openQueue, type Run, startWorker } from './queue-fixture.ts'

const by = 'ann@desk'

describe('cancelling a run', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))
  const enqueue = (connection: QueueConnection) =>
    createRunProducer(connection).enqueueRun({ plan: media, trigger: 'manual' })

  it('reaches the worker that has it: cleaned up, ended as cancelled, and not tried again', async () => {
    await using connection = await open()
    await using elsewhere = await openQueue(redis.url, connection.installation)
    const producer = createRunProducer(connection)
    const steps: string[] = []
    await using _worker = startWorker(elsewhere, (run) => untilAborted(run, steps))
    const ref = await enqueue(connection)
    await waitFor(() => steps.length === 1, { what: 'the run to begin' })
    assert.equal(await producer.cancelRun(ref, by), 'asked')
    const end = await endOf(producer, ref)
    assert.ok(end?.kind === 'completed')
    assert.deepEqual(end.result, {
      outcome: 'cancelled',
      plan: 'media',
      by,
      reason: 'cancelled by ann@desk',
    })
    assert.deepEqual(steps, ['begun', 'cleaned up'])
    assert.equal(await producer.cancelRun(ref, by), 'ended')
  })

  it('takes a waiting run out of its line and keeps its outcome, with nobody there to serve it', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const waiting = await enqueue(connection)
    const delayed = await enqueueLater(connection)
    for (const ref of [waiting, delayed]) {
      assert.equal(await producer.cancelRun(ref, by), 'cancelled')
      const run = await producer.getRun(ref)
      assert.equal(run?.state, 'completed')
      assert.equal(run?.result?.outcome, 'cancelled')
      assert.deepEqual(await producer.readLog(ref, 0), ['cancelled by ann@desk before it began'])
    }
    await using _worker = startWorker(connection, async () => assert.fail('nothing is in line'))
    assert.deepEqual(await producer.findRuns({ states: ['waiting', 'delayed'], limit: 9 }), [])
  })

  it('has what an attempt left removed when the run waits for its next attempt', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const patient = { ...media, backoff: { delayMs: 600_000, factor: 1, maxMs: 600_000 } }
    await using worker = startWorker(connection, async (run) => {
      await run.ledger.record('20260102T030405Z-000001')
      throw new Error('the store is away, and so is the clean-up')
    })
    const ref = await producer.enqueueRun({ plan: patient, trigger: 'manual' })
    await waitFor(async () => (await producer.getRun(ref))?.state === 'delayed', {
      what: 'the first attempt to fail',
    })
    await worker.close()
    assert.equal(await producer.cancelRun(ref, by), 'cancelled')
    const jobs = await producer.findRuns({ states: ['waiting'], limit: 9 })
    assert.deepEqual(
      jobs.map(({ jobName }) => jobName),
      ['backup.cleanup'],
    )
  })

  it('is remembered for a run whose worker died, and done by the next one', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const ref = await enqueue(connection)
    const script = new URL('./queue-hanging-worker.ts', import.meta.url).pathname
    const args = [script, redis.url, connection.installation]
    await using doomed = startProcess({ command: process.execPath, args })
    await doomed.waitForOutput(/begun/)
    doomed.signal('SIGKILL')
    await doomed.exited
    assert.equal(await producer.cancelRun(ref, by), 'asked')
    await using _worker = startWorker(connection, async () => assert.fail('it was cancelled'), {
      stalledCheckMs: 100,
    })
    const end = await endOf(producer, ref)
    assert.equal(end?.kind === 'completed' && end.result?.outcome, 'cancelled')
  })

  it('comes too late for a run that has just committed', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    let run: Run | undefined
    const ending = Promise.withResolvers<RunResult>()
    await using _worker = startWorker(connection, async (begun) => {
      run = begun
      return await ending.promise
    })
    const ref = await enqueue(connection)
    await waitFor(() => run, { what: 'the run to begin' })
    await producer.cancelRun(ref, by)
    await waitFor(() => run?.signal.aborted, { what: 'the worker to hear of it' })
    ending.resolve(committed)
    const end = await endOf(producer, ref)
    assert.equal(end?.kind === 'completed' && end.result?.outcome, 'committed')
    assert.equal(await producer.cancelRun(ref, by), 'ended')
  })

  it('can be taken back: the run has all its attempts again', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const ref = await enqueue(connection)
    await producer.cancelRun(ref, by)
    await producer.retryRun(ref)
    assert.equal((await producer.getRun(ref))?.state, 'waiting')
    await using _worker = startWorker(connection, async () => committed)
    const end = await endOf(producer, ref)
    assert.equal(end?.kind === 'completed' && end.result?.outcome, 'committed')
    await assert.rejects(producer.retryRun(ref), { code: 'wrong-state' })
  })
})

describe('the ledger of runs', () => {
  it('lets the sweep know which attempts are alive, also in a Redis that was wiped', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const producer = createRunProducer(connection)
    const witness = openSweepWitness(connection)
    const live = async () => [...(await witness.liveAttempts(['media', 'other']))]
    const ending = Promise.withResolvers<void>()
    const steps: string[] = []
    await using _worker = startWorker(connection, async (run) => {
      await run.ledger.record('one')
      await run.ledger.settle('one', 'cleaned')
      await run.ledger.record('two')
      steps.push('begun')
      await ending.promise
      await run.ledger.settle('two', 'committed')
      return committed
    })
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => steps.length === 1, { what: 'the run to begin' })
    assert.deepEqual(await live(), ['media/two'])
    const rememberedForMs = await witness.rememberedForMs()
    await server.flushAll()
    assert.ok((await witness.rememberedForMs()) <= rememberedForMs, 'a new life begins')
    await waitFor(async () => (await live()).length > 0, {
      what: 'a heartbeat to tell the new Redis',
      timeoutMs: 20_000,
    })
    assert.deepEqual(await live(), ['media/two'])
    ending.resolve()
    await waitFor(async () => (await live()).length === 0, { what: 'the run to end' })
    assert.equal(await producer.getRun(ref), undefined)
  })

  it('takes an attempt for alive between two attempts of its run, and for dead when that has failed', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const producer = createRunProducer(connection)
    const witness = openSweepWitness(connection)
    const patient = { ...media, attempts: 2, backoff: { delayMs: 2_000, factor: 1, maxMs: 2_000 } }
    await using _worker = startWorker(connection, async (run) => {
      if (run.attempt === 1) await run.ledger.record('one')
      throw new Error('no luck')
    })
    const ref = await producer.enqueueRun({ plan: patient, trigger: 'manual' })
    await waitFor(async () => (await producer.getRun(ref))?.state === 'delayed', {
      what: 'the first attempt to fail',
    })
    assert.deepEqual([...(await witness.liveAttempts(['media']))], ['media/one'])
    await endOf(producer, ref)
    assert.deepEqual([...(await witness.liveAttempts(['media']))], [])
  })

  it('remembers for how long something was seen in one and the same state', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const witness = openSweepWitness(connection)
    const look = (state: string, isLookOnly = false) =>
      witness.seenForMs('s3://b media/x', state, { isLookOnly })
    assert.equal(await look('a', true), 0)
    assert.equal(await look('a'), 0)
    await waitFor(async () => (await look('a')) > 0, { what: 'time to pass' })
    assert.equal(await look('b'), 0)
    await server.flushAll()
    assert.equal(await look('b'), 0)
  })
})

async function untilAborted(run: Run, steps: string[]): Promise<RunResult> {
  steps.push('begun')
  await new Promise((resolve) => run.signal.addEventListener('abort', resolve))
  steps.push('cleaned up')
  throw new Error('the store says that the request was aborted')
}

async function enqueueLater(connection: QueueConnection): Promise<RunRef> {
  const [queue] = openBoardQueues(connection, ['backups'])
  const payload = { v: 1, plan: 'media', trigger: 'manual' }
  const job = await queue?.add('backup.run', payload, { delay: 600_000, jobId: 'media-later' })
  return { queue: 'backups', jobId: job?.id ?? '', plan: 'media' }
}
