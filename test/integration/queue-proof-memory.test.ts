import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type FailedProof, openProofMemory } from '@backstream/queue'
import { openTestRedis, type TestRedis, uniqueName } from '@backstream/testkit'
import { openQueue } from './queue-fixture.ts'

describe('the memory of verifications and drills that could not be done', () => {
  let redis: TestRedis
  before(async () => {
    redis = await openTestRedis()
  })
  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('keeps the last of each plan and kind, until the plan is gone', async () => {
    await using connection = await openQueue(redis.url, uniqueName(redis.prefix))
    const memory = openProofMemory(connection)
    const drill: FailedProof = { plan: 'media', kind: 'drill', sinceMs: 1, why: 'no key' }
    const verify: FailedProof = { plan: 'web', kind: 'verify', sinceMs: 3, why: 'away' }
    await memory.note(drill)
    await memory.note({ ...drill, sinceMs: 2 })
    await memory.note(verify)
    const bySince = (proofs: readonly FailedProof[]) =>
      proofs.toSorted((a, b) => a.sinceMs - b.sinceMs)
    assert.deepEqual(bySince(await memory.recall()), [{ ...drill, sinceMs: 2 }, verify])
    await memory.forgetAllBut(['web'])
    assert.deepEqual(await memory.recall(), [verify])
  })
})
