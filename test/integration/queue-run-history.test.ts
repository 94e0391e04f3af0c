import { deepEqual, equal } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createRunProducer, openRunHistory } from '@backstream/queue'
import { leakGuard, openTestRedis, type TestRedis } from '@backstream/testkit'
import { committed, endOf, media, openQueue, startWorker } from './queue-fixture.ts'

let redis: TestRedis
before(async () => {
  redis = await openTestRedis()
})
after(async () => {
  await redis?.[Symbol.asyncDispose]()
})
leakGuard()

describe('openRunHistory', () => {
  it('tells how the newest run of each plan ended, and goes on from there', async () => {
    await using connection = await openQueue(redis.url, `${redis.prefix}-history`)
    const producer = createRunProducer(connection)
    const plan = { ...media, attempts: 1 }
    const history = openRunHistory(connection, { plans: ['media'] })
    let isBroken = true
    await using _worker = startWorker(connection, async () => {
      if (isBroken) throw new Error('the disk is full')
      return committed
    })
    const failed = await producer.enqueueRun({ plan, trigger: 'manual' })
    await endOf(producer, failed)
    const first = await history.read()
    equal(first.lastEnded.get('media')?.failedReason, 'the disk is full')
    equal(first.failuresAtMs.get('media')?.size, 1)
    deepEqual(first.going, [])

    isBroken = false
    await endOf(producer, await producer.enqueueRun({ plan, trigger: 'manual' }))
    const second = await history.read()
    equal(second.lastEnded.get('media')?.state, 'completed')
    equal(second.failuresAtMs.get('media')?.size, 1)
  })

  it('takes back what it said of a failed run that somebody removed', async () => {
    await using connection = await openQueue(redis.url, `${redis.prefix}-removed`)
    const producer = createRunProducer(connection)
    const history = openRunHistory(connection, { plans: ['media'] })
    await using _worker = startWorker(connection, async () => {
      throw new Error('the disk is full')
    })
    const plan = { ...media, attempts: 1 }
    const failed = await producer.enqueueRun({ plan, trigger: 'manual' })
    await endOf(producer, failed)
    equal((await history.read()).lastEnded.get('media')?.state, 'failed')
    await producer.removeRun(failed)
    const { lastEnded, failuresAtMs } = await history.read()
    deepEqual([lastEnded.size, failuresAtMs.size], [0, 0])
  })

  it('tells what is in line', async () => {
    await using connection = await openQueue(redis.url, `${redis.prefix}-line`)
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const { going } = await openRunHistory(connection, { plans: ['media'] }).read()
    deepEqual(
      going.map((run) => [run.ref.jobId, run.state]),
      [[ref.jobId, 'waiting']],
    )
  })
})
