import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@backstream/kernel'
import { acquireLease, type Lease, leaseHolder, type QueueConnection } from '@backstream/queue'
import {
  openTestRedis,
  startPrivateRedis,
  startProcess,
  type TestRedis,
  uniqueName,
  waitFor,
} from '@backstream/testkit'
import { openQueue, rawRedis } from './queue-fixture.ts'

describe('the lease of a plan', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  const open = () => openQueue(redis.url, uniqueName(redis.prefix))

  it('has one holder, whom the others are told', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1')
    assert.deepEqual(await ask(connection, 'run-2'), { heldBy: 'run-1' })
    assert.equal((await leaseHolder(connection, 'media'))?.owner, 'run-1')
    assert.ok(await lease.isMine())
    await lease.release()
    assert.equal(await leaseHolder(connection, 'media'), undefined)
    await using _next = await take(connection, 'run-2')
    assert.ok(!(await lease.isMine()))
  })

  it('goes to a later attempt of the run that has it: its worker is dead, or has lost the run', async () => {
    await using connection = await open()
    await using lost = await take(connection, 'run-1', 150)
    await using later = await take(connection, 'run-1')
    assert.ok(await later.isMine())
    await waitFor(() => lost.signal.aborted, { what: 'the loss to be noticed' })
    await lost.release()
    assert.ok(await later.isMine())
    await assert.rejects(lost.drawFence(0), { code: 'lease-lost' })
    const fence = await later.drawFence(0)
    await assert.rejects(lost.assertMayCommit(fence, forEver), { code: 'lease-lost' })
    await later.assertMayCommit(fence, forEver)
  })

  it('is free for one of many who ask at once', async () => {
    await using connection = await open()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => ask(connection, `run-${at}`)),
    )
    const leases = answers.filter((answer) => !('heldBy' in answer))
    assert.equal(leases.length, 1)
    for (const lease of leases) await (lease as Lease).release()
  })

  it('is renewed for as long as it is held', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1', 300)
    const client = await rawRedis(connection)
    const key = `${connection.installation}:lease:media`
    for (let shortened = 0; shortened < 3; shortened++) {
      await client.pexpire(key, 200)
      await waitFor(
        async () => ((await leaseHolder(connection, 'media'))?.expiresInMs ?? 0) > 200,
        {
          what: 'the lease to be renewed',
        },
      )
    }
    assert.ok(!lease.signal.aborted)
  })

  it('tells its holder when somebody else has it, and releases nothing of theirs', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1', 150)
    const client = await rawRedis(connection)
    await client.set(`${connection.installation}:lease:media`, 'token 1 run-2')
    await waitFor(() => lease.signal.aborted, { what: 'the loss to be noticed' })
    assert.equal(lease.signal.reason.code, 'lease-lost')
    await lease.release()
    assert.equal((await leaseHolder(connection, 'media'))?.owner, 'run-2')
  })

  it('is lost with its key when no fence shows that nobody came after', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1', 150)
    await (await rawRedis(connection)).del(`${connection.installation}:lease:media`)
    await waitFor(() => lease.signal.aborted, { what: 'the loss to be noticed' })
  })

  it('is taken again after it ran out while no higher fence was drawn', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1', 150)
    const fence = await lease.drawFence(0)
    // As it runs out in an outage.
    await (await rawRedis(connection)).del(`${connection.installation}:lease:media`)
    await waitFor(async () => await lease.isMine(), { what: 'the lease to be taken again' })
    assert.ok(!lease.signal.aborted)
    await lease.assertMayCommit(fence, forEver)
  })

  it('is taken again by the question whether its holder may commit, too', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1')
    const fence = await lease.drawFence(0)
    await (await rawRedis(connection)).del(`${connection.installation}:lease:media`)
    await lease.assertMayCommit(fence, forEver)
    assert.ok(await lease.isMine())
  })

  it('draws fences that rise, from the floor it is given, whoever draws', async () => {
    await using connection = await open()
    const drawn: number[] = []
    for (const [run, floor] of [0, 0, 41, 7].entries()) {
      await using lease = await take(connection, `run-${run}`)
      drawn.push(await lease.drawFence(floor))
    }
    assert.deepEqual(drawn, [1, 2, 42, 43])
    await using lease = await take(connection, 'run-5')
    const many = await Promise.all(Array.from({ length: 50 }, () => lease.drawFence(0)))
    assert.equal(new Set(many).size, 50)
    assert.equal(Math.min(...many), 44)
  })

  it('draws no fence for one that was stopped for so long that others came and went', async () => {
    await using connection = await open()
    // Renewed so seldom that it learns of nothing by itself, as when it stands still.
    await using stopped = await take(connection, 'run-1', 3_600_000)
    await (await rawRedis(connection)).del(`${connection.installation}:lease:media`)
    {
      await using next = await take(connection, 'run-1')
      assert.equal(await next.drawFence(0), 1)
    }
    await assert.rejects(stopped.drawFence(0), { code: 'lease-lost' })
    await using later = await take(connection, 'run-2')
    assert.equal(await later.drawFence(0), 2)
  })

  it('lets its holder commit under the highest fence, and nobody else', async () => {
    await using connection = await open()
    const client = await rawRedis(connection)
    await using lease = await take(connection, 'run-1', 3_600_000)
    const fence = await lease.drawFence(0)
    await lease.assertMayCommit(fence, forEver)
    const higher = await lease.drawFence(0)
    await assert.rejects(lease.assertMayCommit(fence, forEver), { code: 'lease-lost' })
    await lease.assertMayCommit(higher, forEver)
    await client.del(`${connection.installation}:fence:media`)
    await assert.rejects(lease.assertMayCommit(higher, forEver), { code: 'lease-lost' })
  })

  it('is lost in a Redis that was wiped: nobody knows who came after', async () => {
    await using connection = await open()
    await using lease = await take(connection, 'run-1', 3_600_000)
    const fence = await lease.drawFence(0)
    const of = (what: string) => `${connection.installation}:${what}:media`
    await (await rawRedis(connection)).del(of('lease'), of('fence'))
    await assert.rejects(lease.assertMayCommit(fence, forEver), { code: 'lease-lost' })
    assert.ok(lease.signal.aborted)
  })

  it('stays for a while when its holder goes and means to come back', async () => {
    await using connection = await open()
    const lease = await take(connection, 'run-1')
    await lease.leaveFor(60_000)
    await lease.release()
    assert.deepEqual(await ask(connection, 'run-2'), { heldBy: 'run-1' })
    await using _again = await take(connection, 'run-1')
  })

  it('is lost by a process whose main thread stands still', async () => {
    await using connection = await open()
    const script = new URL('./queue-hung-holder.ts', import.meta.url).pathname
    await using hung = startProcess({
      command: process.execPath,
      args: [script, redis.url, connection.installation],
    })
    await hung.waitForOutput(/stands still/)
    assert.deepEqual(await ask(connection, 'run-2'), { heldBy: 'run-1' })
    const next = await waitFor(
      async () => {
        const answer = await ask(connection, 'run-2')
        return 'heldBy' in answer ? false : answer
      },
      { what: 'the lease of the hung process to run out', timeoutMs: 20_000 },
    )
    await next.release()
  })
})

describe('an outage of Redis, for the holder of a lease', () => {
  it('is waited out by the question whether it may commit', async () => {
    await using server = await startPrivateRedis({ appendonly: true })
    await using connection = await openQueue(server.url, 'test')
    await using lease = await take(connection, 'run-1', 500)
    const fence = await lease.drawFence(0)
    await server.kill()
    let isAnswered = false
    const asked = lease.assertMayCommit(fence, forEver).then(() => {
      isAnswered = true
    })
    // Longer than a command by itself waits for a reconnect.
    await sleep(8_000)
    assert.ok(!isAnswered)
    await server.restart()
    await asked
    assert.ok(!lease.signal.aborted)
  })

  it('ends the attempt by its own clock when it lasts for too long', async () => {
    await using server = await startPrivateRedis()
    await using connection = await openQueue(server.url, 'test')
    const answer = await acquireLease(connection, {
      ...{ plan: 'media', owner: 'run-1', ttlMs: 30_000, logger: silentLogger },
      patienceMs: 600,
    })
    assert.ok(!('heldBy' in answer))
    await using lease = answer
    await server.kill()
    const asked = lease.assertMayCommit(1, forEver)
    await waitFor(() => lease.signal.aborted, { what: 'the patience to end' })
    assert.match(lease.signal.reason.message, /has not answered for/)
    await assert.rejects(asked, { code: 'lease-lost' })
  })
})

const forEver = new AbortController().signal

async function ask(
  connection: QueueConnection,
  owner: string,
  ttlMs = 30_000,
): ReturnType<typeof acquireLease> {
  return await acquireLease(connection, { plan: 'media', owner, ttlMs, logger: silentLogger })
}

async function take(connection: QueueConnection, owner: string, ttlMs = 30_000): Promise<Lease> {
  const lease = await ask(connection, owner, ttlMs)
  assert.ok(!('heldBy' in lease))
  return lease
}
