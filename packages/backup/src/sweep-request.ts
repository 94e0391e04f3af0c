import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'

/** What only the queue knows. Ages are by one clock, that of its memory. */
export interface SweepWitness {
  /** Backups, as `plan/id`, that runs under way or between two attempts set out to make. */
  liveAttempts(plans: readonly string[]): Promise<ReadonlySet<string>>
  /** How long the queue has kept its memory. */
  rememberedForMs(): Promise<number>
  /** For how long `what` has been seen in this very `state`; notes it now, unless only looking. */
  seenForMs(what: string, state: string, options: { readonly isLookOnly: boolean }): Promise<number>
}

export interface SweepDeps {
  readonly storage: Storage
  readonly witness: SweepWitness
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface SweepRequest {
  readonly installation: string
  /** Of the configuration, with how long what was pruned of them can be brought back. */
  readonly plans: readonly { readonly name: string; readonly retentionGraceMs: number }[]
  readonly graceMs: number
  /** Who sweeps, for the voids: `backstream sweep`. */
  readonly by: string
  readonly isDryRun: boolean
}

export interface SweepReport {
  /** `unclaimed`: nobody owns this prefix yet, and nothing was looked at. */
  readonly outcome: 'swept' | 'dry-run' | 'unclaimed'
  /** What was removed; of a dry run what would be. */
  readonly swept: readonly SweptAttempt[]
  readonly bytes: number
  /** Left for now, and why. */
  readonly waiting: readonly { readonly ref: string; readonly why: string }[]
  /** Backups whose manifest is gone though we did not prune them, as `plan/id`. Never touched. */
  readonly manifestGone: readonly string[]
  /** Slots that hold neither a manifest nor a void. Never touched. */
  readonly unreadable: readonly string[]
  /** Objects the store does not let go of yet. */
  readonly locked: readonly string[]
  readonly failures: readonly { readonly ref: string; readonly message: string }[]
  /** Plans that are not in the configuration. Never touched. */
  readonly unknownPlans: readonly string[]
  /** Keys that Backstream does not make. Never touched. */
  readonly foreign: readonly string[]
}

export interface SweptAttempt {
  readonly ref: string
  readonly reason: 'abandoned' | 'voided' | 'pruned' | 'stray-uploads' | 'old-void' | 'probe'
  readonly uploads: number
  readonly objects: number
  readonly bytes: number
}
