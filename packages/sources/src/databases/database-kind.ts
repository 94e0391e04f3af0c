import type { SecretRef } from '@backstream/config'
import type { StreamPlan } from '../read-streams.ts'
import type { Runner } from '../runners/runner.ts'
import type { SourceEstimate, SourceProblem } from '../source.ts'

/**
 * One kind of database: what it knows of its own client and its own server. Where the client runs, how
 * its output reaches the archive and how it is stopped is the same for all.
 */
export interface DatabaseKind<C> {
  /** What has to be there where the source is read. */
  programs(config: C, connection: Connection): readonly string[]
  connect(config: C, resolveSecret: ResolveSecret): Promise<Connection>
  /** Versions, rights, names: every problem at once, without reading. Rejects where it cannot ask. */
  findProblems(config: C, asking: Asking): Promise<readonly SourceProblem[]>
  estimate(config: C, asking: Asking): Promise<SourceEstimate | null>
  /** What was found, for a person: versions, primary or replica, size, as whom it is read. */
  describe(config: C, asking: Asking): Promise<string>
  /** The streams to read, the first at or below `place` of the archive. */
  plan(config: C, asking: Asking, place: string): Promise<StreamPlan>
}

/** How a client finds its server: by what it is given, so that nothing of it has to be in argv. */
export interface Connection {
  readonly env: Readonly<Record<string, string>>
  /** In argv, for clients that know no variable for it: never a secret. */
  readonly args?: readonly string[]
  /** Read by the client from `privateFile`. */
  readonly privateText?: string
  /** What must not be seen of it. */
  readonly secrets: readonly string[]
  /** The database that the address names. */
  readonly database: string | null
}

export type ResolveSecret = (ref: SecretRef) => string | Promise<string>

/** A question to a server, through its own client. */
export interface Asking {
  readonly runner: Runner
  readonly connection: Connection
  readonly signal: AbortSignal
}
