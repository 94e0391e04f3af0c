import type { RetryPolicy } from '@backstream/storage'

const firstDelayMs = 500
const maxDelayMs = 20_000
/** The delays grow for half a minute, over this many calls; then each further one is the longest. */
const growingCalls = 7
const shortestMs = 30_000

/**
 * How single requests inside an upload are repeated: about as long as the store may stand still.
 *
 * A store that restarts, or a link that is down for minutes, costs those minutes; giving up would
 * cost all that the source has given so far.
 */
export function patienceFor(idleTimeoutMs: number): RetryPolicy {
  const furtherCalls = Math.floor(idleTimeoutMs / maxDelayMs)
  return {
    attempts: growingCalls + Math.max(1, furtherCalls),
    firstDelayMs,
    maxDelayMs,
    // Calls that are never answered take the idle time each.
    withinMs: Math.max(idleTimeoutMs, shortestMs),
  }
}
