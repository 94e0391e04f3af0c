import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { defaultTiming } from './worker-timing.ts'

const { lockMs, stalledCheckMs, leaseTtlMs } = defaultTiming
/** BullMQ marks at one look what it takes at the next. */
const foundWithinMs = lockMs + 2 * stalledCheckMs

test('the run of a dead worker is found within a minute', () => {
  ok(foundWithinMs <= 60_000)
})

test('a plan stays with the run of a dead worker until that can be begun again', () => {
  ok(leaseTtlMs > foundWithinMs)
})

test('a main thread may stand still for ten seconds before it loses a run', () => {
  ok(lockMs / 2 >= 10_000)
})
