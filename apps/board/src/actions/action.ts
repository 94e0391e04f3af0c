import type { Plan } from '@backstream/config'
import type { Clock } from '@backstream/kernel'
import type { RunProducer } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import type { BoardState } from '../state/board-state.ts'

/** Something an operator may have done; it says what it will do before it does it. */
export interface Action {
  /** For the log: `run`, `accept`. */
  readonly name: string
  /** What it is done to: `media`, `media/20261123T031500Z-000042`. */
  readonly subject: string
  /** On its button. */
  readonly label: string
  /** One sentence each. */
  readonly says: readonly string[]
  readonly isDangerous?: boolean
  /** Why it cannot be done now; null when it can. */
  readonly refusal: string | null
  /** Does it, for `by`; resolves with what was done, in a sentence. */
  perform(by: string): Promise<string>
}

export interface ActionDeps {
  readonly state: BoardState
  readonly producer: Pick<
    RunProducer,
    'enqueueRun' | 'enqueueUpkeep' | 'retryRun' | 'cancelRun' | 'getRun' | 'workersOf'
  >
  readonly openStorage: (name: string) => Promise<Storage>
  /** With the credentials that may remove things, where there are any. */
  readonly openMaintenance: (name: string) => Promise<Storage>
  /** No run of the plan until it is disposed of; rejects while one is under way. */
  readonly leasePlan: (plan: string, owner: string) => Promise<AsyncDisposable>
  readonly installation: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Where an action is asked for. */
export interface ActionPlace {
  readonly plan: Plan
  readonly backup?: string
  readonly run?: { readonly queue: string; readonly jobId: string }
}

export type ActionMaker = (deps: ActionDeps, place: ActionPlace) => Promise<Action>
