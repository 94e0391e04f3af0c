import type { Config } from '@backstream/config'
import { maintenanceQueue } from '@backstream/jobs'
import type { Clock, Logger } from '@backstream/kernel'
import { createTell } from '@backstream/notify'
import {
  createRunProducer,
  type FailedRunListener,
  onRunFailed,
  openAlarmMemory,
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

/** Runs that fail, and plans that are overdue or otherwise not well: someone is told. */
export function watchForTrouble(
  options: WatchForTroubleOptions,
  currentConfig: () => Config,
): FailedRunListener {
  const { connection, logger, clock, freshness, lookAtPlansMs: everyMs } = options
  const alarms = openAlarmMemory(connection)
  const enqueue = createRunProducer(connection).enqueueNotification
  const tell = createTell({ config: currentConfig, enqueue, clock, logger })
  const failures = onRunFailed(connection, {
    queues: backupQueuesOf(currentConfig()),
    handler: createFailedRunHandler({ ...options, tell, alarms }, currentConfig),
  })
  const watching = freshness
    ? startWatchLoop({
        ...{ ...freshness, connection, clock, logger },
        watch: createPlanWatch({ ...freshness, alarms, tell, clock, logger }),
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

export function backupQueuesOf(config: Config): string[] {
  return queueNamesOf(config.plans).filter((queue) => queue !== maintenanceQueue)
}
