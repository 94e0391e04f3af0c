import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Clock, silentLogger } from '@backstream/kernel'
import { createSweepArmer, nextSweepAt, sweepEveryMs } from './arm-sweeps.ts'

function movableClock() {
  let ms = Date.parse('2026-11-24T00:00:00Z')
  const clock: Clock = { now: () => ms, monotonicMs: () => ms }
  const advance = (by: number) => {
    ms += by
  }
  return { clock, advance }
}

describe('arming sweeps', () => {
  it('asks for the next sweep of each plan, and for the same one until its time has come', async () => {
    const { clock, advance } = movableClock()
    const asked: string[] = []
    const producer = {
      enqueueSweep: async ({ plan, dueAtMs }: { plan: string; dueAtMs: number }) => {
        ok(dueAtMs > clock.now())
        asked.push(`${plan} ${dueAtMs}`)
        return { queue: 'maintenance', jobId: 'x', plan }
      },
    }
    const arm = createSweepArmer({ producer, clock, logger: silentLogger })
    const plans = [{ name: 'a' }, { name: 'b' }] as never
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      await arm({ plans })
      await arm({ plans })
      advance(60_000)
    }
    equal(asked.length, 2 * 24 * 60)
    const days = 86_400_000 / sweepEveryMs
    ok(Math.abs(new Set(asked).size - 2 * days) <= 2)
  })

  it('goes on at the next look after an outage of the queue', async () => {
    const { clock, advance } = movableClock()
    let isAway = true
    const asked: string[] = []
    const producer = {
      enqueueSweep: async ({ plan }: { plan: string }) => {
        if (isAway) throw new Error('unreachable')
        asked.push(plan)
        return { queue: 'maintenance', jobId: 'x', plan }
      },
    }
    const arm = createSweepArmer({ producer, clock, logger: silentLogger })
    const plans = [{ name: 'a' }] as never
    await arm({ plans })
    isAway = false
    advance(1)
    await arm({ plans })
    deepEqual(asked, ['a'])
  })

  it('is after now, within one period, and goes on in steps of it', () => {
    for (const plan of ['a', 'media', 'x'.repeat(63)]) {
      for (let nowMs = 0; nowMs < 3 * sweepEveryMs; nowMs += 999_983) {
        const next = nextSweepAt(plan, nowMs)
        ok(next > nowMs && next <= nowMs + sweepEveryMs)
        equal(nextSweepAt(plan, next), next + sweepEveryMs)
      }
    }
  })
})
