import type { Config, Plan } from '@backstream/config'
import { describeError, type Logger } from '@backstream/kernel'
import { catchUpOwed, type QueueConnection } from '@backstream/queue'
import { reportCatchUps } from './report-steps.ts'

/** Enqueues what was missed while Redis was lost, `settleMs` after its schedules came back. Never rejects. */
export function createCatchUp(
  deps: {
    readonly connection: QueueConnection
    readonly logger: Logger
    newestBackupOf?(plan: Plan, config: Config): Promise<number | null>
  },
  settleMs: number,
): (config: Config) => Promise<void> {
  const { connection, logger, newestBackupOf } = deps
  return async (config) => {
    const { plans } = config
    if (!newestBackupOf) return
    try {
      const steps = await catchUpOwed(connection, {
        plans,
        settleMs,
        newestBackupOf: async ({ name }) => {
          const plan = plans.find((candidate) => candidate.name === name)
          return plan ? await newestBackupOf(plan, config) : null
        },
      })
      reportCatchUps(logger, steps)
    } catch (error) {
      logger.warn({ err: error }, `missed runs not looked for: ${describeError(error)}`)
    }
  }
}
