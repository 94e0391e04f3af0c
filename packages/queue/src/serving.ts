import type { RunResult } from '@backstream/jobs'
import type { Logger } from '@backstream/kernel'
import type { Processors } from './active-run.ts'
import type { RecordedAttempt } from './ledger-record.ts'
import type { Link, QueueConnection } from './open-connection.ts'
import type { RunBell } from './run-bell.ts'
import type { RunProducer } from './run-producer.ts'

export interface RunWorkerOptions {
  /** Queues. */
  readonly serves: readonly string[]
  /**
   * Runs at a time, of all queues together; beside them as many verifications and drills, and a few of
   * the short jobs of `maintenance`.
   */
  readonly concurrency: number
  readonly workerName: string
  readonly host: string
  knowsPlan(name: string): boolean
  readonly processors: Processors
  /**
   * What a run returned had one of its attempts committed, by the bucket; null when none has. Asked
   * before a run is given up. Rejects when nobody can tell.
   */
  committedBy?(run: {
    readonly plan: string
    readonly attempts: readonly RecordedAttempt[]
  }): Promise<RunResult | null>
  /** For others to read: the plans this worker's configuration has, and its fingerprint. */
  readonly plans?: readonly string[]
  readonly fingerprint?: string
  /** Rung whenever a run has ended. */
  readonly bell?: RunBell | undefined
  /** How long a run stays its worker's without a sign of life. Default 30 s. */
  readonly lockMs?: number
  /** How often runs of dead workers are looked for. Default 15 s. */
  readonly stalledCheckMs?: number
}

/** What the queues of one worker share. */
export interface Serving {
  readonly link: Link
  readonly connection: QueueConnection
  readonly producer: Pick<RunProducer, 'enqueueCleanup'>
  readonly options: RunWorkerOptions
  readonly logger: Logger
  readonly startedAtMs: number
  /** By queue and job id. */
  readonly active: Map<string, ActiveJob>
  /** Of `backup.run`. */
  runsUnderWay: number
  /** Verifications and drills. */
  longUnderWay: number
  isHandingBack: boolean
}

export interface ActiveJob {
  readonly queue: string
  readonly jobId: string
  readonly controller: AbortController
  readonly token: string
}

export function activeKey(queue: string, jobId: string): string {
  return `${queue}/${jobId}`
}
