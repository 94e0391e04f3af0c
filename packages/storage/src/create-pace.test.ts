import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from './create-pace.ts'

/** A pace of 1,000 bytes a second, and a clock that moves only while somebody waits. */
function paceOf1000() {
  let nowMs = 0
  const pace = createPace(1_000, {
    clock: { now: () => nowMs, monotonicMs: () => nowMs },
    sleep: async (ms) => {
      nowMs += ms
    },
  })
  return { pace, now: () => nowMs, pass: (ms: number) => (nowMs += ms) }
}

test('lets bytes go at its rate, whoever asks', async () => {
  const { pace, now } = paceOf1000()
  for (let turn = 0; turn < 20; turn++) await pace.take(500, undefined)
  // What was left unused in the quarter of a second before the first is made up for.
  assert.equal(now(), 9_750)
})

test('makes up for a short pause, and not for a long one', async () => {
  const { pace, now, pass } = paceOf1000()
  await pace.take(1_000, undefined)
  pass(60_000)
  const before = now()
  for (let turn = 0; turn < 10; turn++) await pace.take(1_000, undefined)
  assert.equal(now() - before, 9_750)
})

test('ends the waiting with the signal', async () => {
  const stopping = new AbortController()
  const pace = createPace(1)
  const waiting = pace.take(1_000, stopping.signal)
  stopping.abort(new Error('stopped'))
  await assert.rejects(waiting, /stopped/)
  await assert.rejects(pace.take(1, stopping.signal), /stopped/)
})
