import type { SkippedResult } from './progress.ts'

/**
 * What a job of upkeep returns to the queue. A refuted backup, a drill that failed and what could not
 * be removed fail the job: there is no green tick for them.
 */
export type UpkeepResult =
  | VerifyResult
  | DrillResult
  | PruneResult
  | LockResult
  | RestoreResult
  | SkippedResult

export interface VerifyResult {
  readonly outcome: 'verified'
  readonly plan: string
  readonly backup: string
  readonly depth: 'stored' | 'deep'
  readonly bytes: number
}

export interface DrillResult {
  readonly outcome: 'drilled'
  readonly plan: string
  readonly backup: string
  /** The measured recovery time. */
  readonly restoreMs: number
  readonly bytes: number
  /** What was found, check by check. */
  readonly checks: readonly { readonly name: string; readonly words: string }[]
}

export interface PruneResult {
  /** `held`: too many would go; `blocked`: the plan is in trouble. Neither removed anything. */
  readonly outcome: 'pruned' | 'nothing-to-prune' | 'held' | 'blocked'
  readonly plan: string
  /** Backups that went, or would go. */
  readonly backups: number
  /** Backups that nothing but the lock keeps. */
  readonly locked: number
}

export interface LockResult {
  readonly outcome: 'locked'
  readonly plan: string
  readonly backup: string
  /** ISO 8601 UTC. */
  readonly until: string
}

export interface RestoreResult {
  readonly outcome: 'restored'
  readonly plan: string
  readonly backup: string
  readonly to: string
  readonly entries: number
  readonly bytes: number
}
