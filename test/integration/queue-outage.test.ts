import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger, systemClock } from '@backstream/kernel'
import {
  createRunProducer,
  inspectRedis,
  openQueueConnection,
  queueMetrics,
} from '@backstream/queue'
import { collectLogger, freePort, sendRedis, startPrivateRedis, waitFor } from '@backstream/testkit'
import { committed, endOf, media, openQueue, startWorker } from './queue-fixture.ts'

describe('an outage of Redis', () => {
  const problems: unknown[] = []
  const note = (problem: unknown) => void problems.push(problem)
  process.on('unhandledRejection', note)
  after(() => process.off('unhandledRejection', note))

  it('is told within seconds, with host and port, when it is there from the start', async () => {
    const port = await freePort()
    await assert.rejects(openAt(`redis://:secret@127.0.0.1:${port}`), (error: Error) => {
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`))
      assert.doesNotMatch(error.message, /secret/)
      assert.deepEqual(
        { ...error, cause: 0, remedy: 0 },
        { code: 'unreachable', permanent: false, name: 'QueueError', cause: 0, remedy: 0 },
      )
      return true
    })
  })

  it('is told when something listens there that does not answer', async () => {
    const port = await freePort()
    const mute = createServer(() => {}).listen(port, '127.0.0.1')
    try {
      await assert.rejects(openAt(`redis://127.0.0.1:${port}`), { code: 'unreachable' })
    } finally {
      mute.close()
    }
  })

  it('is waited out by a worker that is idle, and costs neither queue nor process', async () => {
    await using server = await startPrivateRedis({ appendonly: true })
    await using connection = await openQueue(server.url, 'test')
    const producer = createRunProducer(connection)
    await using worker = startWorker(connection, async () => committed)
    await worker.ready()
    const kept = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await endOf(producer, kept)
    await server.kill()
    await assert.rejects(producer.enqueueRun({ plan: media, trigger: 'manual' }), {
      code: 'unreachable',
    })
    await server.restart()
    const ref = await waitFor(
      () => producer.enqueueRun({ plan: media, trigger: 'manual' }).catch(() => false as const),
      { what: 'Redis to be back', timeoutMs: 20_000 },
    )
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
    assert.equal((await producer.getRun(kept))?.state, 'completed')
    await waitFor(async () => (await producer.workersOf('backups')).length === 1, {
      what: 'the worker to be heard of again',
      timeoutMs: 20_000,
    })
    assert.deepEqual(problems, [])
  })

  it('does not take a run away that goes on through it', async () => {
    await using server = await startPrivateRedis({ appendonly: true })
    await using connection = await openQueue(server.url, 'test')
    const producer = createRunProducer(connection)
    const ended = Promise.withResolvers<void>()
    const begun: string[] = []
    await using _worker = startWorker(
      connection,
      async (run) => {
        begun.push(run.id)
        await ended.promise
        run.signal.throwIfAborted()
        return committed
      },
      { lockMs: 500, stalledCheckMs: 60_000 },
    )
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    await waitFor(() => begun.length === 1, { what: 'the run to begin' })
    await server.kill()
    await server.restart()
    ended.resolve()
    assert.equal((await endOf(producer, ref))?.kind, 'completed')
    assert.deepEqual(begun, [ref.jobId])
  })

  it('does not end the watching of a run', async () => {
    await using server = await startPrivateRedis({ appendonly: true })
    await using connection = await openQueue(server.url, 'test')
    const producer = createRunProducer(connection)
    const ref = await producer.enqueueRun({ plan: media, trigger: 'manual' })
    const end = endOf(producer, ref)
    await server.kill()
    await server.restart()
    await using _worker = startWorker(connection, async () => committed)
    assert.equal((await end)?.kind, 'completed')
  })

  it('does not keep a worker from closing', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const worker = startWorker(connection, async () => committed)
    await worker.ready()
    await server.kill()
    await worker.close({ graceMs: 100 })
  })

  it('does not keep a worker from closing that is about to connect again', async () => {
    await using server = await startPrivateRedis()
    const logger = collectLogger()
    await using connection = await openQueue(server.url, 'test', logger)
    const worker = startWorker(connection, async () => committed)
    await worker.ready()
    const waiting = await waitFor(
      async () => {
        const clients = String(await sendRedis(server.url, ['CLIENT', 'LIST']))
        return /^id=(\d+).* cmd=bzpopmin /m.exec(clients)?.[1]
      },
      { what: 'the worker to wait for a run' },
    )
    await sendRedis(server.url, ['CLIENT', 'KILL', 'ID', waiting])
    // ioredis hears of it, and waits 100 ms before it connects.
    await sleep(20)
    await worker.close({ graceMs: 100 })
    assert.deepEqual(
      logger.lines.filter(({ message }) => /does not answer/.test(message)),
      [],
    )
  })
})

describe('a look at Redis', () => {
  it('finds a server without append-only file, and none of that in one that has it', async () => {
    for (const appendonly of [false, true]) {
      await using server = await startPrivateRedis({ appendonly })
      await using connection = await openQueue(server.url, 'test')
      const findings = await inspectRedis(connection)
      assert.deepEqual(
        findings.filter(({ level }) => level !== 'ok').map(({ check }) => check),
        appendonly ? [] : ['persistence'],
      )
    }
  })

  it('counts runs and workers by queue', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    await createRunProducer(connection).enqueueRun({ plan: media, trigger: 'manual' })
    const { queues, bullmq } = await queueMetrics(connection)
    const counts = queues.find(({ queue }) => queue === 'backups')
    assert.equal(counts?.waiting, 1)
    assert.equal(counts?.workers, 0)
    const names = bullmq.split('\n').filter((line) => line.startsWith('# TYPE'))
    assert.equal(new Set(names).size, names.length, 'each metric is described once')
    assert.match(bullmq, /queue="backups"/)
  })
})

async function openAt(url: string): Promise<void> {
  await using _connection = await openQueueConnection({
    redis: { url },
    installation: 'test',
    logger: silentLogger,
    clock: systemClock,
    connectTimeoutMs: 1000,
  })
}
