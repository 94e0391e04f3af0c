import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { silentLogger } from '@backstream/kernel'
import {
  acquireLease,
  drawFence,
  type Lease,
  leaseHolder,
  mayCommit,
  openAttemptLedger,
  type QueueConnection,
} from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName, waitFor } from '@backstream/testkit'
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
    const fence = await drawFence(connection, 'media', 0)
    assert.equal(await mayCommit(connection, lost, fence), false)
    assert.equal(await mayCommit(connection, later, fence), true)
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
    const fence = await drawFence(connection, 'media', 0)
    const client = await rawRedis(connection)
    const key = `${connection.installation}:lease:media`
    // One renewal sees the fence; then the key runs out as in an outage.
    await client.pexpire(key, 60_000)
    const expiresInMs = async () => (await leaseHolder(connection, 'media'))?.expiresInMs ?? 60_000
    await waitFor(async () => (await expiresInMs()) <= 150, { what: 'a renewal' })
    await client.del(key)
    await waitFor(async () => await lease.isMine(), { what: 'the lease to be taken again' })
    assert.ok(!lease.signal.aborted)
    assert.ok(await mayCommit(connection, lease, fence))
  })

  it('draws fences that rise, from the floor it is given, whoever draws', async () => {
    await using connection = await open()
    assert.equal(await drawFence(connection, 'media', 0), 1)
    assert.equal(await drawFence(connection, 'media', 0), 2)
    assert.equal(await drawFence(connection, 'media', 41), 42)
    assert.equal(await drawFence(connection, 'media', 7), 43)
    assert.equal(await drawFence(connection, 'other', 0), 1)
    const drawn = await Promise.all(
      Array.from({ length: 50 }, () => drawFence(connection, 'media', 0)),
    )
    assert.equal(new Set(drawn).size, 50)
  })

  it('lets its holder commit under the highest fence, and nobody else', async () => {
    await using connection = await open()
    const client = await rawRedis(connection)
    const key = `${connection.installation}:lease:media`
    await using lease = await take(connection, 'run-1')
    const fence = await drawFence(connection, 'media', 0)
    assert.equal(await mayCommit(connection, lease, fence), true)
    assert.equal(await mayCommit(connection, { ...lease, token: 'guess' }, fence), false)
    const higher = await drawFence(connection, 'media', 0)
    assert.equal(await mayCommit(connection, lease, fence), false)
    assert.equal(await mayCommit(connection, lease, higher), true)
    const value = (await client.get(key)) ?? ''
    await client.del(key)
    assert.equal(await mayCommit(connection, lease, higher), false)
    await client.set(key, value)
    assert.equal(await mayCommit(connection, lease, higher), true)
    await client.del(`${connection.installation}:fence:media`)
    assert.equal(await mayCommit(connection, lease, higher), false)
  })

  it('has a ledger of what the attempts of a run set out to make, in order and once each', async () => {
    await using connection = await open()
    const ledger = openAttemptLedger(connection)
    const run = { plan: 'media', runId: 'a@1' }
    for (const backup of ['one', 'two', 'two']) await ledger.record({ ...run, backup })
    assert.deepEqual(await ledger.attemptsOf(run), ['one', 'two'])
    assert.deepEqual(await ledger.attemptsOf({ ...run, runId: 'a@2' }), [])
  })
})

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
