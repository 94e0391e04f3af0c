import type { Config } from '@backstream/config'
import type { Logger } from '@backstream/kernel'
import {
  createRunProducer,
  type FailedRun,
  ledgerRunId,
  openAttemptLedger,
  type QueueConnection,
} from '@backstream/queue'

/** Removes what one attempt left, or sees to it that somebody does. Idempotent; may be asked again. */
export type CleanUp = (attempt: {
  readonly plan: string
  readonly backup: string
}) => Promise<unknown>

/**
 * For each attempt that a failed run set out on, a clean-up. An attempt cleans up after itself where
 * it can; this is for those that could not, and does no harm to the others nor to one that committed.
 */
export function createFailedRunHandler(
  deps: {
    readonly connection: QueueConnection
    readonly logger: Logger
    readonly cleanUp?: CleanUp
  },
  currentConfig: () => Config,
): (run: FailedRun) => Promise<void> {
  const { connection, logger } = deps
  const ledger = openAttemptLedger(connection)
  const cleanUp = deps.cleanUp ?? createRunProducer(connection).enqueueCleanup
  return async ({ queue, jobId, plan, timestampMs, failedReason }) => {
    const about = { queue, job: jobId, plan }
    logger.error(about, `run ${jobId} of ${plan ?? 'no plan'} failed: ${failedReason}`)
    if (plan === null || !currentConfig().plans.some(({ name }) => name === plan)) return
    if (timestampMs === null) {
      // Without its record nobody can tell its attempts apart from others of the plan.
      logger.warn(about, `run ${jobId} is gone from the queue: what it left is for the sweep`)
      return
    }
    const runId = ledgerRunId({ jobId, timestampMs })
    for (const backup of await ledger.attemptsOf({ plan, runId })) {
      await cleanUp({ plan, backup })
      logger.info({ ...about, backup }, `what ${plan}/${backup} may have left is being removed`)
    }
  }
}
