import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Installation, simulateLateness } from './simulate-lateness.ts'

const hourMs = 3_600_000
const nightly: Installation = {
  ...{ plans: 10, places: 2, medianRunMs: 60_000, sigma: 0, days: 2, seed: 1 },
  schedule: { kind: 'cron', pattern: '0 3 * * *', timezone: 'UTC', jitterMs: 0 },
}

test('ten plans due at once, two at a time, wait for four others at most', () => {
  const lateness = simulateLateness(nightly)
  assert.deepEqual([lateness.runs, lateness.skipped, lateness.maxMs], [20, 0, 240_000])
})

test('with a place for each nobody waits', () => {
  assert.equal(simulateLateness({ ...nightly, places: 10 }).maxMs, 0)
})

test('a run that is due while the last one goes on is skipped', () => {
  const every = { kind: 'every', everyMs: hourMs, jitterMs: 0 } as const
  const slow = { ...nightly, schedule: every, plans: 1, medianRunMs: 1.5 * hourMs }
  const { runs, skipped } = simulateLateness(slow)
  assert.equal(runs, skipped)
})
