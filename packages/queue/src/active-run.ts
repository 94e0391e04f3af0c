import type {
  BackupCleanupPayload,
  BackupDrillPayload,
  BackupLockPayload,
  BackupPrunePayload,
  BackupRestorePayload,
  BackupRunPayload,
  BackupSweepPayload,
  BackupVerifyPayload,
  DrillResult,
  LockResult,
  NotifySendPayload,
  PruneResult,
  RestoreResult,
  RunProgress,
  RunResult,
  SkippedResult,
  SweepResult,
  VerifyResult,
} from '@backstream/jobs'
import { describeError, type Logger } from '@backstream/kernel'
import type { Job } from 'bullmq'
import type { RunLedger } from './run-ledger.ts'
import { scheduledForOf } from './run-summary.ts'

/** One attempt, as a processor sees it. */
export interface ActiveRun<P> {
  /** The job's id. */
  readonly id: string
  readonly queue: string
  /** Valid by `payloadSchemas`. */
  readonly payload: P
  /** 1, 2, … */
  readonly attempt: number
  /** How many may follow when this one fails. */
  readonly attemptsLeft: number
  /** When the schedule wanted it; null for a run by hand. */
  readonly scheduledForMs: number | null
  /** When the run was enqueued. */
  readonly timestampMs: number
  /** Aborted when the run was taken away from this worker, or the worker must hand it back. */
  readonly signal: AbortSignal
  /** Adds a line to the job's log. Never rejects: a lost line fails no run. */
  log(line: string): Promise<void>
  /** Tells how far it is; at most one a second is sent, the last one always. */
  progress(progress: RunProgress): void
}

/** An attempt at a backup. */
export interface ActiveBackupRun extends ActiveRun<BackupRunPayload> {
  readonly ledger: RunLedger
  /** No worker was there when it was due: it is being caught up on. */
  readonly wasMissed: boolean
}

/** One for each job name. A run that returns has done what was to be done; any other throws. */
export interface Processors {
  readonly 'backup.run': (run: ActiveBackupRun) => Promise<RunResult>
  readonly 'backup.cleanup': (run: ActiveRun<BackupCleanupPayload>) => Promise<void>
  readonly 'backup.sweep'?: (run: ActiveRun<BackupSweepPayload>) => Promise<SweepResult>
  readonly 'backup.verify'?: (
    run: ActiveRun<BackupVerifyPayload>,
  ) => Promise<VerifyResult | SkippedResult>
  readonly 'backup.drill'?: (
    run: ActiveRun<BackupDrillPayload>,
  ) => Promise<DrillResult | SkippedResult>
  readonly 'backup.prune'?: (
    run: ActiveRun<BackupPrunePayload>,
  ) => Promise<PruneResult | SkippedResult>
  readonly 'backup.lock'?: (
    run: ActiveRun<BackupLockPayload>,
  ) => Promise<LockResult | SkippedResult>
  readonly 'backup.restore'?: (run: ActiveRun<BackupRestorePayload>) => Promise<RestoreResult>
  readonly 'notify.send'?: (run: ActiveRun<NotifySendPayload>) => Promise<void>
}

/** The run, and `settle`, to be called when the attempt has ended: it sends what is still unsent. */
export function createActiveRun<P>(
  job: Job,
  at: {
    readonly queue: string
    readonly payload: P
    readonly signal: AbortSignal
    readonly logger: Logger
    readonly onPhase?: (phase: RunProgress['phase']) => void
  },
): { readonly run: ActiveRun<P>; settle(): Promise<void> } {
  const { logger } = at
  const about = { queue: at.queue, job: job.id }
  const reporter = createReporter(async (progress) => {
    await job.updateProgress({ ...progress })
  }, logger)
  const attempt = job.attemptsMade + 1
  return {
    run: {
      id: job.id ?? '',
      queue: at.queue,
      payload: at.payload,
      attempt,
      attemptsLeft: Math.max(0, (job.opts.attempts ?? 1) - attempt),
      scheduledForMs: scheduledForOf(job.id),
      timestampMs: job.timestamp,
      signal: at.signal,
      async log(line) {
        try {
          await job.log(line)
        } catch (error) {
          logger.warn({ ...about, err: error, line }, `log line lost: ${describeError(error)}`)
        }
      },
      progress(progress) {
        at.onPhase?.(progress.phase)
        reporter.report(progress)
      },
    },
    settle: reporter.settle,
  }
}

const reportEveryMs = 1000
/** A run that is done does not wait for its last progress through an outage. */
const settleWithinMs = 2000

function createReporter(
  send: (progress: RunProgress) => Promise<void>,
  logger: Logger,
): { report(progress: RunProgress): void; settle(): Promise<void> } {
  let latest: RunProgress | null = null
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> = Promise.resolve()

  function flush(): void {
    const progress = latest
    latest = null
    if (progress === null) return
    sending = sending
      .then(() => send(progress))
      .catch((error: unknown) => {
        logger.debug({ err: error }, `progress not stored: ${describeError(error)}`)
      })
  }

  return {
    report(progress) {
      latest = progress
      if (timer) return
      flush()
      timer = setTimeout(function again() {
        const hadNews = latest !== null
        flush()
        timer = hadNews ? setTimeout(again, reportEveryMs) : undefined
      }, reportEveryMs)
    },
    async settle() {
      clearTimeout(timer)
      flush()
      let overdue: NodeJS.Timeout | undefined
      await Promise.race([
        sending,
        new Promise<void>((resolve) => {
          overdue = setTimeout(resolve, settleWithinMs)
        }),
      ])
      clearTimeout(overdue)
    },
  }
}
