import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StorageError, type StorageErrorCode } from './errors.ts'
import { isTransient, isTransientOrUnknown, retryRequest } from './retry-request.ts'

test('repeats what is transient, with delays that double up to their limit', async () => {
  const delays: number[] = []
  const failures = Array.from({ length: 5 }, () => new StorageError('unavailable', 'down'))
  const answer = await retryRequest(
    async (attempt) => {
      const error = failures[attempt - 1]
      if (error) throw error
      return attempt
    },
    {
      firstDelayMs: 100,
      maxDelayMs: 500,
      random: () => 0,
      sleep: async (ms) => void delays.push(ms),
    },
  )
  assert.equal(answer, 6)
  assert.deepEqual(delays, [50, 100, 200, 250, 250])
})

test('spreads each delay between its half and its whole', async () => {
  const delays: number[] = []
  const rolls = [0, 0.5, 0.999]
  const retry = retryRequest(() => Promise.reject(new StorageError('throttled', 'slow down')), {
    attempts: 4,
    firstDelayMs: 1000,
    maxDelayMs: 1000,
    random: () => rolls.shift()!,
    sleep: async (ms) => void delays.push(ms),
  })
  await assert.rejects(retry)
  assert.deepEqual(delays, [500, 750, 1000])
})

test('rejects with the last error, and tells of each repetition', async () => {
  const told: number[] = []
  let calls = 0
  const retry = retryRequest(
    async () => {
      calls += 1
      throw new StorageError('network', `cut ${calls}`)
    },
    { attempts: 3, sleep: async () => {}, onRetry: ({ attempt }) => void told.push(attempt) },
  )
  await assert.rejects(retry, /cut 3/)
  assert.deepEqual(told, [1, 2])
})

for (const code of ['access-denied', 'not-found', 'corrupt', 'unknown-outcome'] as const) {
  test(`does not repeat after ${code}`, async () => {
    let calls = 0
    const retry = retryRequest(async () => {
      calls += 1
      throw new StorageError(code, 'no')
    })
    await assert.rejects(retry)
    assert.equal(calls, 1)
  })
}

test('does not repeat what is transient by code, but said to be permanent', () => {
  const untrusted = new StorageError('network', 'certificate not trusted', { permanent: true })
  assert.equal(isTransient(untrusted), false)
  assert.equal(isTransientOrUnknown(untrusted), false)
})

test('does not call at all for a signal that is aborted already', async () => {
  const reason = new Error('enough')
  let calls = 0
  const send = async () => {
    calls += 1
  }
  const retry = retryRequest(send, { signal: AbortSignal.abort(reason) })
  await assert.rejects(retry, (thrown) => thrown === reason)
  assert.equal(calls, 0)
})

test("ends a delay with the signal's reason", async () => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const retry = retryRequest(() => Promise.reject(new StorageError('unavailable', 'down')), {
    signal: stop.signal,
    firstDelayMs: 3_600_000,
    maxDelayMs: 3_600_000,
    onRetry: () => setImmediate(() => stop.abort(reason)),
  })
  await assert.rejects(retry, (thrown) => thrown === reason)
})

test('tells transient from unknown from final', () => {
  const verdicts = (code: StorageErrorCode) => {
    const error = new StorageError(code, 'x')
    return [isTransient(error), isTransientOrUnknown(error)]
  }
  assert.deepEqual(verdicts('timeout'), [true, true])
  assert.deepEqual(verdicts('unknown-outcome'), [false, true])
  assert.deepEqual(verdicts('already-exists'), [false, false])
  assert.equal(isTransientOrUnknown(new Error('something else')), false)
})

test('begins no call later than it may, however many are left', async () => {
  let nowMs = 0
  let calls = 0
  const send = () => {
    calls += 1
    nowMs += 60_000
    return Promise.reject(new StorageError('timeout', 'no answer'))
  }
  const clock = { now: () => nowMs, monotonicMs: () => nowMs }
  const retry = retryRequest(send, {
    attempts: 20,
    withinMs: 100_000,
    clock,
    sleep: async () => {},
  })
  await assert.rejects(retry, { code: 'timeout' })
  assert.equal(calls, 3)
})
