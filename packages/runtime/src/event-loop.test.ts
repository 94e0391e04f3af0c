import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchEventLoop } from './event-loop.ts'

test('measures how long the event loop was held up, its own interval not counted', async () => {
  using watch = watchEventLoop()
  await sleep(100)
  blockFor(80)
  await sleep(30)
  const { p50Ms, p99Ms, maxMs } = watch.lag()
  ok(maxMs >= 60, `max ${maxMs}`)
  ok(p50Ms <= p99Ms && p99Ms <= maxMs)
})

test('a reset forgets', async () => {
  using watch = watchEventLoop()
  await sleep(30)
  blockFor(300)
  await sleep(30)
  const before = watch.lag().maxMs
  watch.reset()
  ok(watch.lag().maxMs < before)
})

function blockFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
