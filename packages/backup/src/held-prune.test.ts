import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBackupId } from '@backstream/kernel'
import { heldPrune, retentionBackupOf } from './held-prune.ts'

const dayMs = 86_400_000
const clock = { nowMs: 100 * dayMs, localTime: (ms: number) => ms }

function history(count: number, newest: { readonly isGood: boolean } = { isGood: true }) {
  return Array.from({ length: count }, (_, day) => {
    const startedAtMs = day * dayMs
    const backup = formatBackupId({ startedAtMs, fence: day + 1 })
    const isGood = day < count - 1 || newest.isGood
    const facts = { backup, startedAtMs, isGood, isPinned: day === 0, lockedUntilMs: null }
    return retentionBackupOf(facts, clock.nowMs)
  })
}

test('what may go by itself is not held: up to five, or a tenth of many', () => {
  assert.equal(heldPrune(history(7), { keepLast: 1 }, clock), null)
  assert.equal(heldPrune(history(100), { keepLast: 89 }, clock), null)
})

test('more is held, and named by the oldest that would go, which a pinned one never is', () => {
  const held = heldPrune(history(8), { keepLast: 1 }, clock)
  assert.deepEqual(held, {
    going: 6,
    limit: 5,
    oldest: formatBackupId({ startedAtMs: dayMs, fence: 2 }),
  })
  assert.equal(heldPrune(history(100), { keepLast: 88 }, clock)?.going, 11)
})

test('nothing is held of a plan that keeps everything, or whose newest backup is in doubt', () => {
  assert.equal(heldPrune(history(50), null, clock), null)
  assert.equal(heldPrune(history(50, { isGood: false }), { keepLast: 1 }, clock), null)
})
