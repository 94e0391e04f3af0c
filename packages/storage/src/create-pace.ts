import { setTimeout as wait } from 'node:timers/promises'
import { type Clock, systemClock } from '@backstream/kernel'
import type { Pace } from './decorators/pacing.ts'

/** What was not sent may be made up for, for so long. */
const burstMs = 250

export interface PaceOptions {
  readonly clock?: Clock
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** So many bytes a second, of all who ask together, in the order in which they ask. */
export function createPace(bytesPerSecond: number, options: PaceOptions = {}): Pace {
  const { clock = systemClock, sleep = sleepFor } = options
  /** When all that was let go so far is through. */
  let freeAtMs = Number.NEGATIVE_INFINITY
  return {
    async take(bytes, signal) {
      signal?.throwIfAborted()
      const nowMs = clock.monotonicMs()
      const startsAtMs = Math.max(freeAtMs, nowMs - burstMs)
      freeAtMs = startsAtMs + (bytes * 1000) / bytesPerSecond
      if (freeAtMs > nowMs) await sleep(freeAtMs - nowMs, signal)
    },
  }
}

async function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
