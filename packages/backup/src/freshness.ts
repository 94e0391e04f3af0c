/** Whether a plan is overdue: the one answer of `status`, board, metrics, pruning and alarms. Pure. */

export interface Freshness {
  /** Null: nothing is ever overdue. */
  readonly overdueAfterMs: number | null
  /** When the newest good backup was finished; null: there is none. */
  readonly newestGoodMs: number | null
  /** When the oldest backup there is was begun, good or not. */
  readonly oldestStartMs: number | null
  /** Since when somebody waits for a first backup; null: nobody remembers. */
  readonly expectedSinceMs: number | null
}

/**
 * Age beyond its limit: of the newest good backup, or of the wait for a first one. That began when the
 * plan was first seen or with the first backup that was no good, whichever is known to be earlier: a
 * Redis that was wiped does not know since when a plan is there.
 */
export function isOverdue(freshness: Freshness, nowMs: number): boolean {
  const { overdueAfterMs, newestGoodMs } = freshness
  const sinceMs = newestGoodMs ?? waitedSinceMs(freshness)
  return overdueAfterMs !== null && sinceMs !== null && nowMs - sinceMs > overdueAfterMs
}

function waitedSinceMs({ oldestStartMs, expectedSinceMs }: Freshness): number | null {
  if (oldestStartMs === null) return expectedSinceMs
  return Math.min(oldestStartMs, expectedSinceMs ?? oldestStartMs)
}
