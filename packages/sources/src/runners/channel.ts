import type { SourceProblem } from '../source.ts'

/**
 * A way to a shell somewhere else, by a client program on this machine: `kubectl exec`,
 * `docker exec`, `ssh`.
 */
export interface Channel {
  /** For messages, after the name of a command: `in deployment/db`, `on the host web-01`. */
  readonly place: string
  /** The client program on this machine. */
  readonly client: string
  /**
   * Finds out where exactly the place is at this moment. Rejects with a `SourceError` when there is
   * no such place, or more than one.
   */
  open(options: { readonly signal: AbortSignal }): Promise<ChannelEnd>
  /** What the client meant that ended with `status` before the shell at the far end spoke, if known. */
  explain(said: string): SourceProblem | null
}

/** A place that was found. */
export interface ChannelEnd {
  /** More exact than the channel's: `in the pod db-0, container mongo`. */
  readonly place: string
  /** What is run on this machine to run this there; standard input is passed on. */
  commandLine(argv: readonly string[]): readonly string[]
}
