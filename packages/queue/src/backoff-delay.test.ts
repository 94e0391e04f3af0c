import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backoffDelayMs, backoffStrategy } from './backoff-delay.ts'
import { readBackoff, runJobOptions } from './job-options.ts'

const backoff = { delayMs: 10_000, factor: 3, maxMs: 1_800_000 }

describe('the delay before the next attempt', () => {
  it('grows by the factor up to the maximum', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((failed) => backoffDelayMs(backoff, failed, 1))
    assert.deepEqual(delays, [10_000, 30_000, 90_000, 270_000, 810_000, 1_800_000])
  })

  it('is spread over the upper half', () => {
    assert.equal(backoffDelayMs(backoff, 1, 0), 5_000)
    assert.equal(backoffDelayMs(backoff, 1, 0.5), 7_500)
  })

  it('differs between runs that failed together', async () => {
    const job = { opts: runJobOptions({ name: 'media', runsOn: null, attempts: 3, backoff }) }
    const delays = await Promise.all(
      Array.from({ length: 20 }, () =>
        backoffStrategy(1, 'backstream', undefined, job as Parameters<typeof backoffStrategy>[3]),
      ),
    )
    assert.ok(new Set(delays).size > 10)
    assert.ok(delays.every((delay) => delay >= 5_000 && delay <= 10_000))
  })

  it('is the default where a job has no backoff of ours', () => {
    for (const option of [undefined, 5, null, {}, { delay: 'x' }, { delay: -1 }]) {
      assert.deepEqual(readBackoff(option), backoff)
    }
  })
})
