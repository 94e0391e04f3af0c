import { loadConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import {
  createLogger,
  installShutdown,
  readSettings,
  startHealthEndpoint,
  watchEventLoop,
} from '@backstream/runtime'
import { startWorker } from './start-worker.ts'

/** How long active runs may go on after SIGTERM; what stops the process must wait longer. */
const graceMs = 20_000
/** After the grace: abort, clean up, hand back. */
const cleanUpMs = 70_000

const settings = readSettings()
const logger = createLogger({ level: settings.logLevel, format: settings.logFormat })
const config = await loadConfig({
  ...(settings.configFile === null ? {} : { file: settings.configFile }),
  env: settings.env,
})
const eventLoop = watchEventLoop()
const health = await startHealthEndpoint({ role: 'worker', eventLoop })
const worker = await startWorker({
  config,
  env: settings.env,
  logger,
  clock: systemClock,
  name: settings.workerName,
  serves: settings.serves,
  concurrency: settings.workerConcurrency,
})
installShutdown({
  logger,
  phases: [
    { name: 'worker', timeoutMs: graceMs + cleanUpMs, run: () => worker.close({ graceMs }) },
    { name: 'health', timeoutMs: 1_000, run: async () => await health[Symbol.asyncDispose]() },
  ],
})
