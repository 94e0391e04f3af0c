import type { Clock } from '@backstream/kernel'

export interface FixedClock extends Clock {
  advance(ms: number): void
}

/** A clock that stands still until it is told to move; wall clock and monotonic time move together. */
export function fixedClock(startsAt: number | string = '2026-01-02T03:04:05Z'): FixedClock {
  const startMs = typeof startsAt === 'number' ? startsAt : Date.parse(startsAt)
  let passedMs = 0
  return {
    now: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    advance: (ms) => {
      passedMs += ms
    },
  }
}
