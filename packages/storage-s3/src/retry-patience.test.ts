import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryRequest, StorageError } from '@backstream/storage'
import { patienceFor } from './retry-patience.ts'

/** How long a store may be away before a request is given up, at the shortest and the longest. */
async function patienceMs(idleTimeoutMs: number, random: number): Promise<number> {
  let waitedMs = 0
  const policy = { ...patienceFor(idleTimeoutMs), random: () => random }
  const sleep = async (ms: number) => {
    waitedMs += ms
  }
  const send = () => Promise.reject(new StorageError('unavailable', 'the store is away'))
  await assert.rejects(retryRequest(send, { ...policy, sleep }), { code: 'unavailable' })
  return waitedMs
}

test('a request outlasts a store that is away for half the idle time, and not much more than all of it', async () => {
  for (const minutes of [1, 5, 30]) {
    const idleTimeoutMs = minutes * 60_000
    assert.ok((await patienceMs(idleTimeoutMs, 0)) >= idleTimeoutMs / 2)
    assert.ok((await patienceMs(idleTimeoutMs, 1)) <= idleTimeoutMs + 60_000)
  }
})

test('a request is repeated for some seconds however short the idle time is', async () => {
  assert.ok((await patienceMs(1000, 0)) >= 20_000)
})
