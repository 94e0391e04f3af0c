import type { Config } from '@backstream/config'
import type { Logger } from '@backstream/kernel'
import type { Tell } from '@backstream/notify'
import {
  type AlarmMemory,
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

interface FailedRunDeps {
  readonly connection: QueueConnection
  readonly logger: Logger
  readonly tell: Tell
  readonly alarms: Pick<AlarmMemory, 'note'>
  readonly cleanUp?: CleanUp
}

/**
 * For each attempt of a failed run of which nobody has said that it is cleaned, a clean-up. An attempt
 * cleans up after itself where it can; this is for those that could not, and does no harm to others.
 * Then whoever wants to hear of it is told: the failure is final.
 */
export function createFailedRunHandler(
  deps: FailedRunDeps,
  currentConfig: () => Config,
): (run: FailedRun) => Promise<void> {
  const { logger } = deps
  return async (run) => {
    const { queue, jobId, plan, failedReason } = run
    const about = { queue, job: jobId, plan }
    logger.error(about, `run ${jobId} of ${plan ?? 'no plan'} failed: ${failedReason}`)
    if (plan === null) return
    if (currentConfig().plans.some(({ name }) => name === plan)) {
      await cleanUpAfter(deps, { ...run, plan })
    }
    await tellOf(deps, { ...run, plan })
  }
}

type FailedRunOfPlan = FailedRun & { readonly plan: string }

async function cleanUpAfter(
  deps: FailedRunDeps,
  { queue, jobId, plan, timestampMs }: FailedRunOfPlan,
): Promise<void> {
  const { connection, logger } = deps
  const about = { queue, job: jobId, plan }
  const cleanUp = deps.cleanUp ?? createRunProducer(connection).enqueueCleanup
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

/** A run that was retried since and failed again is another failure. */
async function tellOf(
  { tell, alarms }: FailedRunDeps,
  { jobId, plan, failedAtMs, failedReason }: FailedRunOfPlan,
): Promise<void> {
  const id = `failed/${plan}/${jobId}@${failedAtMs ?? 'gone'}`
  const text = failedReason || 'failed without saying why'
  await tell({ id, event: 'failed', plan, run: jobId, text })
  if (failedAtMs !== null) await alarms.note(plan, { event: 'failed', id, atMs: failedAtMs })
}
