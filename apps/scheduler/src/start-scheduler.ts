import { type Config, type Plan, resolveSecret } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import { sendHeartbeat } from '@backstream/notify'
import { inspectRedis, openConfiguredQueue, type QueueConnection } from '@backstream/queue'
import { openConfiguredStorage } from '@backstream/storage-s3'
import { findNewestBackup } from './find-newest-backup.ts'
import type { CleanUp } from './handle-failed-run.ts'
import { type RunningScheduler, runScheduler } from './run-scheduler.ts'

export type { CleanUp } from './handle-failed-run.ts'
export {
  type RunningScheduler,
  type RunSchedulerOptions,
  runScheduler,
} from './run-scheduler.ts'

export interface StartSchedulerOptions {
  readonly config: Config
  /** Reads the configuration again; rejects when it is not valid. */
  reload(): Promise<Config>
  /** Looked at for changes; null or `-`: nothing to look at. */
  readonly configFile: string | null
  /** The environment that secret references read. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly clock: Clock
  readonly cleanUp?: CleanUp
}

/** Rejects when Redis cannot be reached at the start; later outages are waited out. */
export async function startScheduler(options: StartSchedulerOptions): Promise<RunningScheduler> {
  const { config, env, logger, clock } = options
  const connection = await openConfiguredQueue(config, { env, logger, clock })
  try {
    await warnOfRedis(connection, logger)
    const newestBackupOf = (plan: Plan, now: Config) =>
      findNewestBackup(plan, { config: now, env, logger, clock })
    const freshness = {
      openStorage: (now: Config, name: string) =>
        openConfiguredStorage(storageNamed(now, name), { env, logger, clock }),
      sendHeartbeat: (now: Config) => beat(now, env),
    }
    const scheduler = await runScheduler({ newestBackupOf, freshness, ...options, connection })
    logger.info({ plans: config.plans.length, file: config.file }, 'scheduler is running')
    return {
      reload: scheduler.reload,
      async close() {
        await scheduler.close()
        await connection[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

async function beat({ heartbeat }: Config, env: StartSchedulerOptions['env']): Promise<void> {
  if (!heartbeat) return
  await sendHeartbeat(heartbeat.url, {
    resolveSecret: (ref) => resolveSecret(ref, env),
    signal: new AbortController().signal,
  })
}

function storageNamed(config: Config, name: string): Config['storages'][string] {
  const storage = config.storages[name]
  // Names come from the storages themselves.
  if (!storage) throw new Error(`no storage ${name}`)
  return storage
}

async function warnOfRedis(connection: QueueConnection, logger: Logger): Promise<void> {
  for (const { check, level, message, remedy } of await inspectRedis(connection)) {
    if (level !== 'ok') logger.warn({ check }, `Redis: ${message}. ${remedy ?? ''}`.trimEnd())
  }
}
