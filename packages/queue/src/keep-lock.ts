import { describeError } from '@backstream/kernel'
import { QueueError } from './queue-error.ts'
import { regainLock } from './regain-lock.ts'
import { activeKey, type Serving } from './serving.ts'

/** The lock of a run could not be renewed: it is taken again, or the run is told to stop. */
export async function keepOrLose(
  serving: Serving,
  run: { readonly queue: string; readonly jobId: string; readonly lockMs: number },
): Promise<void> {
  const { link, logger, active } = serving
  const held = active.get(activeKey(run.queue, run.jobId))
  if (!held) return
  try {
    if (await regainLock(link, { ...run, token: held.token }, run.lockMs)) {
      logger.warn({ job: run.jobId }, `took the lock of run ${run.jobId} again after an outage`)
      return
    }
  } catch (error) {
    // The next renewal fails as well, and we are back here.
    logger.debug({ job: run.jobId, err: error }, `lock not regained: ${describeError(error)}`)
    return
  }
  logger.error({ job: run.jobId }, `lost run ${run.jobId} to another worker`)
  held.controller.abort(
    new QueueError('run-lost', `Another worker has taken over the run ${run.jobId}`, {
      remedy: 'Nothing to do if that worker ends it; see whether this one was stopped for long.',
    }),
  )
}
