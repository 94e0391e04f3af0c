import type { Config } from '@backstream/config'
import type { Logger } from '@backstream/kernel'
import {
  createRunProducer,
  type FailedRun,
  ledgerRunId,
  type QueueConnection,
  readLedger,
} from '@backstream/queue'

/** Removes what one attempt left, or sees to it that somebody does. Idempotent; may be asked again. */
export type CleanUp = (attempt: {
  readonly plan: string
  readonly backup: string
}) => Promise<unknown>

/**
 * For each attempt of a failed run of which nobody has said that it is cleaned, a clean-up. An attempt
 * cleans up after itself where it can; this is for those that could not, and does no harm to others.
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
    const { attempts } = await readLedger(connection, { plan, runId })
    for (const { backup, state } of attempts) {
      if (state !== 'open') continue
      await cleanUp({ plan, backup })
      logger.info({ ...about, backup }, `what ${plan}/${backup} may have left is being removed`)
    }
  }
}
