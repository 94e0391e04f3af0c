import { loadConfig } from '@backstream/config'
import { BackstreamError, describeError, systemClock } from '@backstream/kernel'
import {
  createLogger,
  installShutdown,
  readSettings,
  startHealthEndpoint,
  watchEventLoop,
} from '@backstream/runtime'
import { startScheduler } from './start-scheduler.ts'

const settings = readSettings()
const logger = createLogger({ level: settings.logLevel, format: settings.logFormat })
const load = (file: string | null) =>
  loadConfig({ ...(file === null ? {} : { file }), env: settings.env })

try {
  const config = await load(settings.configFile)
  const health = await startHealthEndpoint({ role: 'scheduler', eventLoop: watchEventLoop() })
  const scheduler = await startScheduler({
    config,
    // The file that was found, not the search for one: another could be found later.
    reload: () => load(config.file),
    configFile: config.file,
    env: settings.env,
    logger,
    clock: systemClock,
  })
  process.on('SIGHUP', () => void scheduler.reload())
  installShutdown({
    logger,
    phases: [
      { name: 'scheduler', timeoutMs: 10_000, run: () => scheduler.close() },
      { name: 'health', timeoutMs: 1_000, run: async () => await health[Symbol.asyncDispose]() },
    ],
  })
} catch (error) {
  logger.error({ err: error }, describeError(error))
  const isConfiguration = error instanceof BackstreamError && error.code.startsWith('config-')
  process.exit(isConfiguration ? 2 : 1)
}
