import type { Config } from '@backstream/config'
import { maintenanceQueue, queueOfPlan } from '@backstream/jobs'
import { describeError, type Logger } from '@backstream/kernel'
import { livePresences, type QueueConnection } from '@backstream/queue'
import type { Ills } from './watch-plans.ts'

export interface HeartbeatDeps {
  readonly connection: QueueConnection
  /** Of the last look at the plans; null while there was none, or it failed. */
  ills(): Ills | null
  send(config: Config): Promise<void>
  readonly logger: Logger
}

/**
 * One heartbeat, sent only while all is well: this scheduler, Redis, a worker for each queue that is
 * used, and every plan. Whoever misses it raises the alarm, so that nothing here has to work for that.
 * Never rejects.
 */
export function createHeartbeat(deps: HeartbeatDeps): (config: Config) => Promise<void> {
  const { logger } = deps
  let withheldFor = ''
  return async (config) => {
    const why = await whatIsWrong(deps, config)
    if (why !== '') {
      if (why !== withheldFor) logger.warn({}, `the heartbeat is not sent: ${why}`)
      withheldFor = why
      return
    }
    if (withheldFor !== '') logger.info({}, 'the heartbeat is sent again')
    withheldFor = ''
    await deps.send(config).catch((error: unknown) => {
      logger.warn({ err: error }, `the heartbeat did not arrive: ${describeError(error)}`)
    })
  }
}

async function whatIsWrong(
  { connection, ills: illsOf }: HeartbeatDeps,
  config: Config,
): Promise<string> {
  const ills = illsOf()
  if (ills === null) return 'the plans have not been looked at'
  const [ill] = [...ills].map(([plan, words]) => `${plan}: ${words}`)
  if (ill !== undefined) return ill
  try {
    const workers = await livePresences(connection, 'worker')
    const served = new Set(workers.flatMap(({ serves }) => serves))
    const queue = usedQueues(config).find((name) => !served.has(name))
    return queue === undefined ? '' : `no worker serves ${queue}`
  } catch (error) {
    return describeError(error)
  }
}

function usedQueues({ plans }: Pick<Config, 'plans'>): string[] {
  const enabled = plans.filter((plan) => plan.enabled)
  return [...new Set([...enabled.map(queueOfPlan), maintenanceQueue])]
}
