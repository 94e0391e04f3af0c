import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Freshness, isOverdue } from './freshness.ts'

const hour = 3_600_000
const now = Date.parse('2026-11-24T12:00:00Z')

function judge(over: Partial<Freshness>): boolean {
  const nothing = { newestGoodMs: null, oldestStartMs: null, expectedSinceMs: null }
  return isOverdue({ overdueAfterMs: 26 * hour, ...nothing, ...over }, now)
}

test('a newest good backup beyond its limit is overdue, whatever else is known', () => {
  const old = now - 300 * hour
  assert.equal(judge({ newestGoodMs: now - 27 * hour }), true)
  assert.equal(judge({ newestGoodMs: now - 25 * hour, oldestStartMs: old }), false)
  assert.equal(judge({ newestGoodMs: now - 25 * hour, expectedSinceMs: old }), false)
})

test('a plan that never had a good backup is overdue once it was waited for longer than its limit', () => {
  assert.equal(judge({ expectedSinceMs: now - 27 * hour }), true)
  assert.equal(judge({ expectedSinceMs: now - 25 * hour }), false)
})

test('the wait began with the first backup where nobody remembers, or remembers less', () => {
  assert.equal(judge({ oldestStartMs: now - 27 * hour }), true)
  assert.equal(judge({ oldestStartMs: now - 27 * hour, expectedSinceMs: now }), true)
  assert.equal(judge({ oldestStartMs: now, expectedSinceMs: now - 27 * hour }), true)
})

test('nobody can tell of a plan of which nothing is known, nor is one without a limit overdue', () => {
  assert.equal(judge({}), false)
  assert.equal(judge({ overdueAfterMs: null, expectedSinceMs: 0 }), false)
})
