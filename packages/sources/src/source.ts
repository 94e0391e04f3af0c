import type { SegmentEntry, TarSegment } from '@backstream/archive'
import type { Logger } from '@backstream/kernel'

/**
 * Something that can be read as tar entries, once.
 *
 * `read` yields segments under back-pressure and ends only when everything was read well: an error
 * is thrown, never an early end. On abort it stops whatever it started (child process, worker
 * thread), waits until that is gone, and rejects with the signal's reason.
 */
export interface Source {
  readonly kind: SourceKind
  /** Where its entries lie in the archive: '' for the root, else its `at`. */
  readonly at: string
  /** Every problem that would make `read` fail, found without reading. Empty when there is none. */
  preflight(options: SourceOptions): Promise<readonly SourceProblem[]>
  /** What `read` is expected to produce, or null when that cannot be known cheaply. */
  estimate(options: SourceOptions): Promise<SourceEstimate | null>
  /** What would be read, entry by entry, without content: for `--dry-run`. */
  dryRun(options: SourceOptions): AsyncIterable<Omit<SegmentEntry, 'offset'>>
  read(options: SourceOptions): SourceReading
}

export type SourceKind =
  | 'directory'
  | 'command'
  | 'postgres'
  | 'mysql'
  | 'mariadb'
  | 'mongodb'
  | 'redis'
  | 'sqlite'

export interface SourceOptions {
  readonly signal: AbortSignal
  readonly logger: Logger
  /** For a line that belongs into the run's own log; it must be free of secrets. */
  readonly note?: (line: string) => void
}

export interface SourceReading {
  readonly segments: AsyncIterable<TarSegment>
  /** Meaningful once `segments` has ended well. */
  summary(): SourceSummary
}

export interface SourceSummary {
  /** Content bytes of all entries. */
  readonly bytes: number
  readonly entries: number
  readonly files: number
  /** The first 10,000; `warningCounts` tells of all. */
  readonly warnings: readonly SourceWarning[]
  /** How many warnings there were of each code. */
  readonly warningCounts?: Readonly<Record<string, number>>
  /** How consistent the content is, in words: `point in time`, `as read, one file after another`. */
  readonly consistency: string
}

/** A departure from what is on disk that did not end the run, such as `shrank` or `socket`. */
export interface SourceWarning {
  readonly code: string
  readonly path: string
  readonly message: string
}

export interface SourceProblem {
  readonly code: string
  readonly message: string
  readonly remedy: string
  /** False when it may pass by itself (a mount that is coming up). */
  readonly permanent: boolean
}

export interface SourceEstimate {
  readonly bytes: number
  readonly entries: number
}
