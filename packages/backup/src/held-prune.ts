/**
 * Which pruning waits for somebody to agree. Pure, and from the bucket alone: a hold needs no memory of
 * its own, and is over once the backups are gone or a rule keeps them.
 */
import {
  applyRetention,
  type RetentionBackup,
  type RetentionClock,
  type RetentionPolicy,
} from './retention.ts'
import type { StandingFacts } from './standing.ts'

export interface HeldPrune {
  /** How many backups would go. */
  readonly going: number
  /** More than so many need somebody to agree. */
  readonly limit: number
  /** The oldest of those that would go. */
  readonly oldest: string
}

/** More than 5 backups or 10 % of a plan's, whichever is more, go only once somebody has agreed. */
export function pruneLimit(backups: number): number {
  return Math.max(5, Math.floor(backups / 10))
}

/** Null: what goes may go by itself, or nothing goes because the newest backup is in doubt. */
export function heldPrune(
  history: readonly RetentionBackup[],
  policy: RetentionPolicy | null,
  clock: RetentionClock,
): HeldPrune | null {
  if (!policy) return null
  const verdicts = applyRetention(history, policy, clock)
  const going = verdicts.filter(({ isKept }) => !isKept)
  const oldest = going.at(-1)?.backup
  const limit = pruneLimit(history.length)
  const isInDoubt = history.find(({ backup }) => backup === verdicts[0]?.backup)?.isGood !== true
  if (oldest === undefined || isInDoubt || going.length <= limit) return null
  return { going: going.length, limit, oldest }
}

/** What retention asks of a backup, and what keeps it whatever the rules say. */
export function retentionBackupOf(
  facts: RetentionFacts & Pick<RetentionBackup, 'backup' | 'startedAtMs'>,
  nowMs: number,
): RetentionBackup {
  const { backup, startedAtMs, isGood, isPinned, lockedUntilMs } = facts
  const isLocked = lockedUntilMs !== null && lockedUntilMs > nowMs
  return {
    ...{ backup, startedAtMs, isGood },
    holds: [
      ...(isPinned ? ['pinned'] : []),
      ...(isLocked ? [`${lockedUntil}${new Date(lockedUntilMs).toISOString()}`] : []),
    ],
  }
}

type RetentionFacts = Pick<StandingFacts, 'isGood' | 'isPinned' | 'lockedUntilMs'>

/** How the reason begins that the lock of the store gives. */
export const lockedUntil = 'locked until '
