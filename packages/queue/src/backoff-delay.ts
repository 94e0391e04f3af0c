import type { BackoffStrategy } from 'bullmq'
import { type Backoff, readBackoff } from './job-options.ts'

/**
 * How long to wait before the next attempt, in whole milliseconds, after `failed` attempts (1, 2 …).
 *
 * Exponential, then spread over the upper half by `random` (0 up to 1), so that runs that failed
 * together, for instance because their store was down, do not all come back together.
 */
export function backoffDelayMs(backoff: Backoff, failed: number, random: number): number {
  const full = Math.min(backoff.maxMs, backoff.delayMs * backoff.factor ** Math.max(0, failed - 1))
  return Math.max(1, Math.round(full / 2 + (full / 2) * random))
}

/** For the worker of every queue. */
export const backoffStrategy: BackoffStrategy = (attemptsMade, ...[, , job]) =>
  backoffDelayMs(readBackoff(job?.opts.backoff), attemptsMade, Math.random())
