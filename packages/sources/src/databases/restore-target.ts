import type { SourceProblem } from '../source.ts'

/** Where streams of a backup go back to: a server, or a command. */
export interface RestoreTarget {
  /** For messages, without secrets: `PostgreSQL 15.18 at /run/postgresql`. */
  readonly label: string
  /**
   * Every reason not to begin, found without changing anything: versions, rights, something that is
   * already there. What may not be overwritten has the code `target-not-empty`.
   */
  findProblems(
    streams: readonly RestorableStream[],
    options: RestoreOptions,
  ): Promise<readonly SourceProblem[]>
  /**
   * Puts one stream back, its content to the end. Where the content throws, what takes it is ended by
   * force before it could take what came so far for all; whether a part remains is said in the error.
   */
  restore(
    stream: RestorableStream,
    content: AsyncIterable<Uint8Array>,
    options: RestoreOptions,
  ): Promise<void>
}

/** A stream as the archive has it. */
export interface RestorableStream {
  /** '' for the one that lies under its source's own name, else what follows it: `shop.dump`. */
  readonly name: string
  /** What was noted at backup: `database`, the versions of server and client. */
  readonly facts: Readonly<Record<string, unknown>>
}

export interface RestoreOptions {
  readonly signal: AbortSignal
  /** What is there may be replaced. */
  readonly overwrite: boolean
  /** For a line to whoever waits; free of secrets. */
  readonly note: (line: string) => void
}

/** The database a stream was read from. */
export function databaseOf({ facts, name }: RestorableStream): string | null {
  if (typeof facts['database'] === 'string') return facts['database']
  // The note beside it is gone: its name tells.
  const [, encoded] = /^(.+)\.(?:dump|sql|archive)$/.exec(name) ?? []
  return encoded === undefined ? null : decodeURIComponent(encoded)
}
