import assert from 'node:assert/strict'
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { createCollecting } from './collect-after-runs.ts'

/** Collections that somebody asked for. */
let asked = 0
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries() as (PerformanceEntry & { detail: { flags: number } })[]) {
    if (entry.detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) asked++
  }
})
observer.observe({ entryTypes: ['gc'] })
after(() => observer.disconnect())

test('lets a job be as it is where the collector cannot be called', async () => {
  const collecting = createCollecting({ isForOneRun: false })
  assert.equal(await collecting(async () => 7), 7)
  await delay(200)
  assert.equal(asked, 0)
})

test('collects nothing where the process ends with its run', async () => {
  setFlagsFromString('--expose-gc')
  const collecting = createCollecting({ isForOneRun: true })
  assert.equal(await collecting(async () => 7), 7)
  await delay(200)
  assert.equal(asked, 0)
})

test('collects what a job has dropped right after its end, be it a good one or not', async () => {
  setFlagsFromString('--expose-gc')
  const collecting = createCollecting({ isForOneRun: false })
  for (const outcome of ['good', 'bad']) {
    asked = 0
    let dropped: WeakRef<object> | undefined
    const job = collecting(async () => {
      dropped = new WeakRef({ large: new Uint8Array(1 << 20) })
      if (outcome === 'bad') throw new Error('bad')
      return 7
    })
    if (outcome === 'good') assert.equal(await job, 7)
    else await assert.rejects(job, /bad/)
    await delay(200)
    assert.equal(dropped?.deref(), undefined)
    assert.equal(asked, 1)
  }
})
