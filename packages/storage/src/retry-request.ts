import { setTimeout as wait } from 'node:timers/promises'
import { type Clock, systemClock } from '@backstream/kernel'
import { isStorageError, type StorageErrorCode } from './errors.ts'

export interface RetryPolicy {
  /** Calls in all, the first included. Default 6. */
  readonly attempts?: number
  /** Before the second call; doubles from call to call. Default 250. */
  readonly firstDelayMs?: number
  readonly maxDelayMs?: number
  /** No further call is begun so long after the first one failed. Default: whenever `attempts` allow. */
  readonly withinMs?: number
  readonly clock?: Clock
  /** In [0, 1). Each delay lies between its half and its whole. */
  readonly random?: () => number
  /** Rejects with the signal's reason when it is aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

export interface RetryOptions extends RetryPolicy {
  readonly signal?: AbortSignal | undefined
  /** Default: `isTransient`. */
  readonly shouldRetry?: (error: unknown) => boolean
  readonly onRetry?: (retry: Retry) => void
}

export interface Retry {
  readonly error: unknown
  /** The call that failed, from 1. */
  readonly attempt: number
  readonly delayMs: number
}

const transientCodes: ReadonlySet<StorageErrorCode> = new Set([
  'throttled',
  'unavailable',
  'network',
  'timeout',
])

/** The request did not get through, and the same one may in a while. */
export function isTransient(error: unknown): boolean {
  return isStorageError(error) && transientCodes.has(error.code) && !error.permanent
}

/** Transient, or nobody knows: enough for a request that may be repeated without harm. */
export function isTransientOrUnknown(error: unknown): boolean {
  return isTransient(error) || isStorageError(error, 'unknown-outcome')
}

/** A store that asks for more patience than this gets no more. */
const longestRetryAfterMs = 120_000

/**
 * Sends one request until it succeeds, with exponential backoff and jitter between the calls, and
 * not before the store has said it wants to be asked again.
 *
 * A signal that is aborted sends nothing more and rejects with its reason. Otherwise rejects with
 * the last error.
 */
export async function retryRequest<T>(
  send: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { attempts = 6, withinMs, clock = systemClock } = options
  const { shouldRetry = isTransient, signal, sleep = sleepFor } = options
  let firstFailedAtMs: number | undefined
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await send(attempt)
    } catch (error) {
      if (signal?.aborted || attempt >= attempts || !shouldRetry(error)) throw error
      firstFailedAtMs ??= clock.monotonicMs()
      if (withinMs !== undefined && clock.monotonicMs() - firstFailedAtMs >= withinMs) throw error
      const delayMs = Math.max(backoffDelayMs(attempt, options), askedDelayMs(error))
      options.onRetry?.({ error, attempt, delayMs })
      await sleep(delayMs, signal)
    }
  }
}

function backoffDelayMs(attempt: number, policy: RetryPolicy): number {
  const { firstDelayMs = 250, maxDelayMs = 20_000, random = Math.random } = policy
  const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1))
  return Math.round((ceiling / 2) * (1 + random()))
}

function askedDelayMs(error: unknown): number {
  const askedMs = isStorageError(error) ? error.retryAfterMs : undefined
  return Math.min(askedMs ?? 0, longestRetryAfterMs)
}

async function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
