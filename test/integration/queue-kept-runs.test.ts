import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createRunProducer } from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName, waitFor } from '@backstream/testkit'
import { committed, media, openQueue, startWorker } from './queue-fixture.ts'

describe('runs that have ended', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('are kept by plan: the last 200 that were completed and the last 100 that failed', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const once = { ...media, attempts: 1 }
    const enqueue = async (plan: string, count: number) => {
      for (let at = 0; at < count; at++) {
        await producer.enqueueRun({ plan: { ...once, name: plan }, trigger: 'manual' })
      }
    }
    await enqueue('rare', 2)
    await enqueue('failing', 104)
    await enqueue('often', 205)
    await using _worker = startWorker(
      connection,
      async (run) => {
        if (run.payload.plan === 'failing') throw new Error('no luck')
        return committed
      },
      { knowsPlan: () => true, concurrency: 20 },
    )
    const kept = async (plan: string) => (await producer.findRuns({ plan, limit: 1000 })).length
    const expected = { rare: 2, failing: 100, often: 200 }
    await waitFor(
      async () => {
        const counts = await Promise.all(Object.keys(expected).map(kept))
        return counts.join() === Object.values(expected).join()
      },
      { what: 'the older ones to be removed', timeoutMs: 30_000 },
    )
  })

  it('are not removed when they run again', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const producer = createRunProducer(connection)
    const once = { ...media, attempts: 1 }
    const first = await producer.enqueueRun({ plan: once, trigger: 'manual' })
    let isMended = false
    await using _worker = startWorker(
      connection,
      async () => {
        if (!isMended) throw new Error('no luck')
        return committed
      },
      { concurrency: 20 },
    )
    const failed = async () => (await producer.findRuns({ states: ['failed'], limit: 1000 })).length
    await waitFor(async () => (await failed()) === 1, { what: 'the first to fail' })
    isMended = true
    await producer.retryRun(first)
    await waitFor(async () => (await producer.getRun(first))?.state === 'completed', {
      what: 'the first to be completed',
    })
    isMended = false
    for (let at = 0; at < 101; at++) await producer.enqueueRun({ plan: once, trigger: 'manual' })
    await waitFor(async () => (await failed()) === 100, {
      what: 'many to fail',
      timeoutMs: 30_000,
    })
    assert.equal((await producer.getRun(first))?.state, 'completed')
  })
})
