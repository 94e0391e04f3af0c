/** What a run reports about once a second: the job's `progress` in BullMQ, the bar in the terminal. */
export interface RunProgress {
  readonly phase: RunPhase
  readonly bytesRead: number
  readonly bytesStored: number
  readonly entries: number
  /** Expected `bytesRead` at the end; null when the source cannot tell. */
  readonly bytesTotal: number | null
  /** 0 to 100, of `bytesRead`; null when the total is unknown. */
  readonly percent: number | null
  /** Bytes read a second, over the last few seconds. */
  readonly bytesPerSecond: number
  readonly etaSeconds: number | null
  /** The stage the others wait for; null unless bytes are on their way. */
  readonly slowest?: RunStage | null
}

export type RunStage = 'source' | 'compress' | 'upload'

/** The last two are of verifications and of drills. */
export type RunPhase =
  | 'preflight'
  | 'streaming'
  | 'checking'
  | 'committing'
  | 'cleaning'
  | 'verifying'
  | 'restoring'

/**
 * What a run returns to the queue. One that made no backup and is no failure gave way to another, or
 * came too late, and was skipped; or somebody ended it. Neither counts as a success.
 */
export type RunResult = CommittedResult | SkippedResult | CancelledResult

export interface CommittedResult {
  readonly outcome: 'committed'
  readonly plan: string
  readonly backup: string
  readonly status: 'good' | 'suspect'
  /** Content bytes and entries of the plain tar; bytes stored in the bucket. */
  readonly bytes: number
  readonly entries: number
  readonly storedBytes: number
  readonly durationMs: number
  readonly warnings: number
}

export interface SkippedResult {
  readonly outcome: 'skipped'
  readonly plan: string
  /** In words: which run was in the way. */
  readonly reason: string
  readonly byRun: string | null
}

/** What a sweep returns to the queue. What it could not remove fails it, so that it is tried again. */
export interface SweepResult {
  readonly outcome: 'swept'
  readonly plan: string
  readonly uploads: number
  readonly objects: number
  readonly bytes: number
  /** Left for now. */
  readonly waiting: number
  /** Backups whose manifest somebody else took. */
  readonly manifestGone: number
}

export interface CancelledResult {
  readonly outcome: 'cancelled'
  readonly plan: string
  /** `user@host`. */
  readonly by: string
  /** In words. */
  readonly reason: string
}
