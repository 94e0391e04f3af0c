/** A scheduler as `backstream scheduler` starts it, but with the times of `timing.ts`. */
import { loadConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { openConfiguredQueue } from '@backstream/queue'
import { createLogger, installShutdown, readSettings } from '@backstream/runtime'
import { runScheduler } from '@backstream/scheduler'
import { schedulerPace } from './timing.ts'

const settings = readSettings()
const logger = createLogger({ level: settings.logLevel, format: settings.logFormat })
const { env } = settings
const load = () => loadConfig({ file: settings.configFile ?? '', env })
const config = await load()
const connection = await openConfiguredQueue(config, { env, logger, clock: systemClock })
const scheduler = await runScheduler({
  config,
  reload: load,
  configFile: null,
  connection,
  logger,
  clock: systemClock,
  every: schedulerPace,
})
logger.info({}, 'scheduler is running')
installShutdown({
  logger,
  phases: [
    { name: 'scheduler', timeoutMs: 10_000, run: () => scheduler.close() },
    { name: 'queue', timeoutMs: 2_000, run: async () => await connection[Symbol.asyncDispose]() },
  ],
})
