import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Config } from '@backstream/config'
import {
  createRunProducer,
  listSchedules,
  livePresences,
  type QueueConnection,
} from '@backstream/queue'
import {
  collectLogger,
  openTestRedis,
  startPrivateRedis,
  type TestRedis,
  temporaryDirectory,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { committed, endOf, media, openQueue, startWorker } from './queue-fixture.ts'
import { configOf, everySecond, planOf, startTestScheduler } from './scheduler-fixture.ts'

describe('the scheduler', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))

  it('follows its configuration when it is read again', async () => {
    await using connection = await open()
    let config = configOf([planOf('media'), planOf('shop')])
    await using scheduler = await startTestScheduler(connection, () => config)
    assert.deepEqual(await plansScheduled(connection), ['media', 'shop'])
    config = configOf([planOf('media'), planOf('web')])
    await scheduler.reload()
    assert.deepEqual(await plansScheduled(connection), ['media', 'web'])
    const [presence] = await livePresences(connection, 'scheduler')
    assert.deepEqual(presence?.plans, ['media', 'web'])
  })

  it('keeps the old configuration when the new one is bad, and says why', async () => {
    await using connection = await open()
    const logger = collectLogger()
    let isBad = false
    const read = (): Config => {
      if (isBad) throw new Error('line 3: no such storage')
      return configOf([planOf('media')])
    }
    await using scheduler = await startTestScheduler(connection, read, { logger })
    isBad = true
    await scheduler.reload()
    assert.deepEqual(await plansScheduled(connection), ['media'])
    const errors = logger.lines.filter(({ level }) => level === 'error')
    assert.equal(errors.length, 1)
    assert.match(errors[0]?.message ?? '', /old configuration stays: line 3/)
  })

  it('stays where it is when the new configuration is of another installation', async () => {
    await using connection = await open()
    const logger = collectLogger()
    let config = configOf([planOf('media')])
    await using scheduler = await startTestScheduler(connection, () => config, { logger })
    config = { ...configOf([planOf('web')]), name: 'elsewhere' }
    await scheduler.reload()
    assert.deepEqual(await plansScheduled(connection), ['media'])
    assert.ok(logger.lines.some(({ message }) => /restart the scheduler/.test(message)))
  })

  it('notices that its file has changed, also when another one is put in its place', async () => {
    await using directory = await temporaryDirectory('scheduler')
    const configFile = join(directory.path, 'backstream.yaml')
    await writeFile(configFile, 'one')
    await using connection = await open()
    let config = configOf([planOf('media')])
    await using _scheduler = await startTestScheduler(connection, () => config, { configFile })
    config = configOf([planOf('web')])
    await writeFile(configFile, 'two and more')
    await waitFor(async () => (await plansScheduled(connection)).includes('web'), {
      what: 'the written file to be read',
    })
    config = configOf([planOf('shop')])
    await writeFile(`${configFile}.new`, 'two and less')
    await rename(`${configFile}.new`, configFile)
    await waitFor(async () => (await plansScheduled(connection)).includes('shop'), {
      what: 'the renamed file to be read',
    })
  })

  it('takes nothing away while another one runs a different configuration, and says so once', async () => {
    await using connection = await open()
    const logger = collectLogger()
    await using _other = await startTestScheduler(connection, () =>
      configOf([planOf('media'), planOf('shop')]),
    )
    {
      await using _scheduler = await startTestScheduler(
        connection,
        () => configOf([planOf('media', { attempts: 9 }), planOf('web')]),
        { logger },
      )
      await waitFor(async () => (await plansScheduled(connection)).length === 3, {
        what: 'the third schedule to be added',
      })
      await waitFor(() => logger.lines.filter(({ level }) => level === 'warn').length > 0, {
        what: 'the warning',
      })
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    const warnings = logger.lines.filter(({ level }) => level === 'warn')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]?.message ?? '', /different configuration/)
    await waitFor(async () => (await plansScheduled(connection)).length === 2, {
      what: 'the one that stays to clear up',
    })
    assert.deepEqual(await plansScheduled(connection), ['media', 'shop'])
  })

  it('removes nothing before it is old enough to know of others', async () => {
    await using connection = await open()
    {
      await using _earlier = await startTestScheduler(connection, () =>
        configOf([planOf('media'), planOf('shop')]),
      )
    }
    await using _scheduler = await startTestScheduler(
      connection,
      () => configOf([planOf('media')]),
      { removeAfterMs: 600_000 },
    )
    await new Promise((resolve) => setTimeout(resolve, 400))
    assert.deepEqual(await plansScheduled(connection), ['media', 'shop'])
  })

  it('cleans up after each attempt of a run that failed for good and could not do it itself', async () => {
    await using connection = await open()
    const producer = createRunProducer(connection)
    const cleaned: string[] = []
    await using _scheduler = await startTestScheduler(
      connection,
      () => configOf([planOf('media', { schedule: null })]),
      { cleanUp: async ({ plan, backup }) => cleaned.push(`${plan}/${backup}`) },
    )
    await using _worker = startWorker(connection, async (run) => {
      await run.ledger.record(`backup-${run.attempt}`)
      if (run.attempt === 2) await run.ledger.settle('backup-2', 'cleaned')
      throw new Error('no luck')
    })
    await endOf(producer, await producer.enqueueRun({ plan: media, trigger: 'manual' }))
    await waitFor(() => cleaned.includes('media/backup-3'), { what: 'the last clean-up' })
    assert.deepEqual(cleaned, ['media/backup-1', 'media/backup-3'])
  })

  it('brings the schedules back when Redis was wiped, and goes on when it was restarted', async () => {
    await using server = await startPrivateRedis({ appendonly: true })
    await using connection = await openQueue(server.url, 'test')
    const plans = [planOf('media', { schedule: everySecond })]
    let runs = 0
    await using _scheduler = await startTestScheduler(connection, () => configOf(plans))
    await using _worker = startWorker(connection, async () => {
      runs++
      return committed
    })
    for (const mishap of ['none', 'flush', 'kill'] as const) {
      if (mishap === 'flush') await server.flushAll()
      if (mishap === 'kill') {
        await server.kill()
        await server.restart()
      }
      const before = runs
      await waitFor(() => runs >= before + 2, {
        what: `two more runs after ${mishap}`,
        timeoutMs: 30_000,
      })
    }
  })

  it('can be closed while Redis is away', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const scheduler = await startTestScheduler(connection, () => configOf([planOf('media')]))
    await server.kill()
    await scheduler.close()
  })
})

async function plansScheduled(connection: QueueConnection): Promise<string[]> {
  return (await listSchedules(connection)).map(({ plan }) => plan).sort()
}
