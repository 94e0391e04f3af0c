import type { Config } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import { createTell } from '@backstream/notify'
import {
  createRunProducer,
  type FailedRunListener,
  onRunFailed,
  openAlarmMemory,
  openProofMemory,
  type QueueConnection,
  queueNamesOf,
} from '@backstream/queue'
import { type CleanUp, createFailedRunHandler } from './handle-failed-run.ts'
import { startWatchLoop } from './watch-loop.ts'
import { createPlanWatch, type PlanWatchDeps } from './watch-plans.ts'

export interface WatchForTroubleOptions {
  readonly connection: QueueConnection
  readonly logger: Logger
  readonly clock: Clock
  readonly cleanUp?: CleanUp
  readonly freshness?: Freshness
  readonly lookAtPlansMs?: number | undefined
}

/** Where the plans' backups lie, and where to say that all is well. */
export interface Freshness {
  readonly openStorage: PlanWatchDeps['openStorage']
  sendHeartbeat(config: Config): Promise<void>
}

/** Runs that fail, verifications and drills that fail, and plans that are overdue or otherwise not well: someone is told. */
export function watchForTrouble(
  options: WatchForTroubleOptions,
  currentConfig: () => Config,
): FailedRunListener {
  const { connection, logger, clock, freshness, lookAtPlansMs: everyMs } = options
  const alarms = openAlarmMemory(connection)
  const proofs = openProofMemory(connection)
  const enqueue = createRunProducer(connection).enqueueNotification
  const tell = createTell({ config: currentConfig, enqueue, clock, logger })
  const failures = onRunFailed(connection, {
    queues: queueNamesOf(currentConfig().plans),
    handler: createFailedRunHandler({ ...options, tell, alarms }, currentConfig),
    async proofHandler(proof) {
      const { plan, kind, why } = proof
      logger.error({ plan }, `the ${kind} of ${plan} failed: ${why}`)
      await proofs.note(proof)
    },
  })
  const watching = freshness
    ? startWatchLoop({
        ...{ ...freshness, connection, clock, logger },
        watch: createPlanWatch({ ...freshness, alarms, proofs, tell, clock, logger }),
        config: currentConfig,
        ...(everyMs === undefined ? {} : { everyMs }),
      })
    : null
  return {
    watch: failures.watch,
    async [Symbol.asyncDispose]() {
      await watching?.[Symbol.asyncDispose]()
      await failures[Symbol.asyncDispose]()
    },
  }
}
