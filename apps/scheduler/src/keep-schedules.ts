import type { Config } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { livePresences, type QueueConnection, reconcileSchedules } from '@backstream/queue'
import { reportSteps } from './report-steps.ts'

/**
 * Makes the schedules in Redis what the configuration says: whatever differs is mended, whoever did it.
 * While another scheduler of the name runs a different configuration, only what is missing is added;
 * the first `removeAfterMs` take nothing away, since a scheduler with more plans may be starting as
 * well. Asked for again and again. Never rejects.
 */
export function createScheduleKeeper(deps: {
  readonly connection: QueueConnection
  readonly logger: Logger
  readonly clock: Clock
  /** Under which this scheduler is announced. */
  readonly presenceId: string
  readonly removeAfterMs: number
}): (config: Config) => Promise<void> {
  const { connection, logger, clock, presenceId, removeAfterMs } = deps
  const report = reportSteps(logger)
  const startedAtMs = clock.monotonicMs()
  return async (config) => {
    try {
      const strangers = await otherConfigurations(connection, { id: presenceId, config })
      const mayChange = strangers.length === 0
      const mayRemove = mayChange && clock.monotonicMs() - startedAtMs >= removeAfterMs
      const { plans } = config
      const steps = await reconcileSchedules(connection, { plans, mayChange, mayRemove })
      report({ steps: steps ?? [], strangers })
    } catch (error) {
      logger.warn({ err: error }, `schedules not looked at: ${describeError(error)}`)
    }
  }
}

async function otherConfigurations(
  connection: QueueConnection,
  me: { readonly id: string; readonly config: Config },
): Promise<string[]> {
  const schedulers = await livePresences(connection, 'scheduler')
  return schedulers
    .filter(({ id, fingerprint }) => id !== me.id && fingerprint !== me.config.fingerprint)
    .map(({ host, pid, file }) => `${host} (pid ${pid}, ${file ?? 'unknown file'})`)
    .sort()
}
