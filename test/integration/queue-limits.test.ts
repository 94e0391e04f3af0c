import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { silentLogger } from '@backstream/kernel'
import { acquireLimits, type HeldLimits, type QueueConnection } from '@backstream/queue'
import {
  openTestRedis,
  startProcess,
  type TestRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { openQueue, rawRedis } from './queue-fixture.ts'

describe('limits that runs share', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))

  it('let so many runs begin and no more, whichever worker asks', async () => {
    await using connection = await open()
    await using other = await openQueue(redis.url, connection.installation)
    const asked = Array.from({ length: 20 }, (_, at) =>
      ask(at % 2 ? connection : other, `run-${at}`, { pg: 3 }),
    )
    const held = (await Promise.all(asked)).filter(isHeld)
    assert.equal(held.length, 3)
    await held[0]?.release()
    assert.ok(!isHeld(await ask(connection, 'newcomer', { pg: 3 })), 'others have waited longer')
    await Promise.all(held.map((one) => one.release()))
  })

  it('are taken all or none, and say what is full', async () => {
    await using connection = await open()
    await using _uplink = await take(connection, 'run-1', { uplink: 1 })
    const answer = await ask(connection, 'run-2', { pg: 1, uplink: 1 })
    assert.deepEqual(answer, { waitsFor: ['uplink'], isNew: true })
    assert.deepEqual(await ask(connection, 'run-2', { pg: 1, uplink: 1 }), {
      waitsFor: ['uplink'],
      isNew: false,
    })
    // It cannot begin anyhow: nobody is kept waiting for it.
    await using _pg = await take(connection, 'run-3', { pg: 1 })
  })

  it('go to the one who has waited longest', async () => {
    await using connection = await open()
    const first = await take(connection, 'run-1', { pg: 1 })
    for (const owner of ['run-2', 'run-3']) await ask(connection, owner, { pg: 1 })
    await first.release()
    assert.deepEqual(await ask(connection, 'run-3', { pg: 1 }), { waitsFor: ['pg'], isNew: false })
    await using _second = await take(connection, 'run-2', { pg: 1 })
  })

  it('are free again some time after their holder was killed', async () => {
    await using connection = await open()
    const script = new URL('./queue-limits-holder.ts', import.meta.url).pathname
    const args = [script, redis.url, connection.installation]
    await using holder = startProcess({ command: process.execPath, args })
    await holder.waitForOutput(/held/)
    assert.ok(!isHeld(await ask(connection, 'run-2', { pg: 1 })))
    holder.signal('SIGKILL')
    await holder.exited
    const held = await waitFor(
      async () => {
        const answer = await ask(connection, 'run-2', { pg: 1 })
        return isHeld(answer) ? answer : false
      },
      { what: 'the place of the dead', timeoutMs: 20_000 },
    )
    await held.release()
  })

  it('are renewed while they are held, and taken back after Redis was wiped', async () => {
    await using connection = await open()
    const request = { owner: 'run-1', sizes: { pg: 1 }, ttlMs: 150, logger: silentLogger }
    await using _held = heldOf(await acquireLimits(connection, request))
    const client = await rawRedis(connection)
    const key = `${connection.installation}:limits:held`
    for (let time = 0; time < 3; time++) {
      await client.del(key)
      await waitFor(async () => (await client.keys(key)).length > 0, { what: 'a renewal' })
    }
    assert.ok(!isHeld(await ask(connection, 'run-2', { pg: 1 })))
  })

  it('pass to a later attempt of the run that has them', async () => {
    await using connection = await open()
    const lost = await take(connection, 'run-1', { pg: 1 })
    await using _later = await take(connection, 'run-1', { pg: 1 })
    await lost.release()
    assert.ok(!isHeld(await ask(connection, 'run-2', { pg: 1 })))
  })

  it('are nothing for a run that shares nothing', async () => {
    await using connection = await open()
    await using _held = await take(connection, 'run-1', {})
  })
})

type Answer = Awaited<ReturnType<typeof acquireLimits>>

function isHeld(answer: Answer): answer is HeldLimits {
  return 'release' in answer
}

async function ask(
  connection: QueueConnection,
  owner: string,
  sizes: Readonly<Record<string, number>>,
): Promise<Answer> {
  return await acquireLimits(connection, { owner, sizes, ttlMs: 30_000, logger: silentLogger })
}

async function take(...asked: Parameters<typeof ask>): Promise<HeldLimits> {
  return heldOf(await ask(...asked))
}

function heldOf(answer: Answer): HeldLimits {
  assert.ok(isHeld(answer))
  return answer
}
