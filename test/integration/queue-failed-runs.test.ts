import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@backstream/kernel'
import {
  createRunProducer,
  type FailedProof,
  type FailedRun,
  onRunFailed,
  openBoardQueues,
  QueueError,
  type UpkeepJob,
} from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName, waitFor } from '@backstream/testkit'
import { endOf, media, openQueue, startWorker } from './queue-fixture.ts'

const once = { ...media, attempts: 1 }

describe('the listener for failed runs', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))
  const fail = async () => {
    throw new Error('no luck')
  }

  it('tells of a final failure once, and not of the attempts before it', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const told: FailedRun[] = []
    await using _listener = onRunFailed(connection, {
      queues: ['backups'],
      handler: async (run) => void told.push(run),
      lookEveryMs: 50,
    })
    await using _worker = startWorker(connection, fail)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await endOf(producer, ref)
    await waitFor(() => told.length > 0, { what: 'the failure to be told' })
    await sleep(200)
    assert.deepEqual(
      told.map(({ jobId, plan, failedReason }) => [jobId, plan, failedReason]),
      [[ref.jobId, 'media', 'no luck']],
    )
    assert.deepEqual(told[0]?.payload, { v: 1, plan: 'media', trigger: 'manual' })
  })

  it('tells of what failed while nobody listened, and of that only once in the life of the queue', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    {
      await using _worker = startWorker(connection, fail)
      await endOf(producer, await producer.enqueueRun({ plan: once, trigger: 'manual' }))
    }
    const told: string[] = []
    for (const listener of ['first', 'second']) {
      await using _listener = onRunFailed(connection, {
        queues: ['backups'],
        handler: async () => void told.push(listener),
        lookEveryMs: 50,
      })
      await waitFor(() => told.length > 0, { what: 'the failure to be told' })
      await sleep(200)
    }
    assert.deepEqual(told, ['first'])
  })

  it('tells again until the handler has dealt with it, and again when a retry fails', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    let told = 0
    await using _listener = onRunFailed(connection, {
      queues: ['backups'],
      handler: async () => {
        told++
        if (told < 3) throw new Error('the store is away')
      },
      lookEveryMs: 50,
    })
    await using _worker = startWorker(connection, fail)
    const ref = await producer.enqueueRun({ plan: once, trigger: 'manual' })
    await waitFor(() => told === 3, { what: 'the handler to be asked three times' })
    await sleep(200)
    assert.equal(told, 3)
    await producer.retryRun(ref)
    await waitFor(() => told === 4, { what: 'the second failure to be told' })
  })

  it('tells of a run whose record is gone by then', async () => {
    await using connection = await open()
    const [queue] = openBoardQueues(connection, ['backups'])
    const told: FailedRun[] = []
    await using _listener = onRunFailed(connection, {
      queues: ['backups'],
      handler: async (run) => void told.push(run),
    })
    await using _worker = startWorker(connection, fail)
    // Failing, it is removed at once, as BullMQ does with what is beyond the number to keep.
    const job = await waitFor(
      async () => {
        const added = await queue?.add(
          'backup.run',
          { v: 1, plan: 'media', trigger: 'schedule' },
          { jobId: 'repeat:media:1000', removeOnFail: true },
        )
        await sleep(50)
        return told.length > 0 && added
      },
      { what: 'the failure to be told' },
    )
    assert.equal(job.id, 'repeat:media:1000')
    assert.equal(told[0]?.plan, 'media')
    assert.equal(told[0]?.payload, null)
    assert.equal(told[0]?.failedReason, 'no luck')
  })

  it('has one of several listeners deal with a failure', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    let told = 0
    const options = {
      queues: ['backups'],
      lookEveryMs: 30,
      handler: async () => {
        told++
        await sleep(100)
      },
    }
    await using _one = onRunFailed(connection, options)
    await using _two = onRunFailed(connection, options)
    await using _three = onRunFailed(connection, options)
    await using _worker = startWorker(connection, fail)
    await endOf(producer, await producer.enqueueRun({ plan: once, trigger: 'manual' }))
    await sleep(600)
    assert.equal(told, 1)
  })

  it('tells of verifications and drills apart from runs, and of nothing else of the upkeep', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const runs: FailedRun[] = []
    const proofs: FailedProof[] = []
    await using _listener = onRunFailed(connection, {
      queues: ['backups', 'maintenance'],
      handler: async (run) => void runs.push(run),
      proofHandler: async (proof) => void proofs.push(proof),
      lookEveryMs: 50,
    })
    const lost = async () => {
      throw new QueueError('unreachable', 'the store is away', { permanent: true })
    }
    await using _worker = startWorker(connection, fail, {
      serves: ['maintenance'],
      processors: {
        ...{ 'backup.run': lost, 'backup.verify': lost, 'backup.drill': lost },
        ...{ 'backup.cleanup': lost, 'backup.sweep': lost, 'backup.prune': lost },
      },
    })
    const queue = 'maintenance'
    const payload = { plan: 'media' }
    const dueAtMs = systemClock.now() - 5_000
    const once = `verify-deep-media-${dueAtMs}`
    const upkeep: UpkeepJob[] = [
      { name: 'backup.prune', payload },
      { name: 'backup.drill', payload },
    ]
    for (const job of upkeep) await producer.enqueueUpkeep({ job, queue, once: null })
    await producer.enqueueCleanup({ plan: 'media', backup: '20260102T030405Z-000001' })
    const deep: UpkeepJob = { name: 'backup.verify', payload: { plan: 'media', depth: 'deep' } }
    await producer.enqueueUpkeep({ job: deep, queue, once, dueAtMs })
    await waitFor(() => proofs.length === 2, { what: 'both to be told' })
    await sleep(200)
    assert.deepEqual(runs, [])
    const deepOne = proofs.find(({ kind }) => kind === 'verify-deep')
    assert.deepEqual([deepOne?.plan, deepOne?.sinceMs], ['media', dueAtMs])
    assert.match(deepOne?.why ?? '', /the store is away/)
    assert.deepEqual(proofs.map(({ kind }) => kind).sort(), ['drill', 'verify-deep'])
  })
})
