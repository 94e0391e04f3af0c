/** A worker as `backstream worker` starts it, but with the times of `timing.ts`. */
import { loadConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { createLogger, installShutdown, readSettings } from '@backstream/runtime'
import { startWorker } from '@backstream/worker'
import { graceMs, workerTiming } from './timing.ts'

const settings = readSettings()
const logger = createLogger({ level: settings.logLevel, format: settings.logFormat })
const config = await loadConfig({ file: settings.configFile ?? '', env: settings.env })
const worker = await startWorker({
  config,
  env: settings.env,
  logger,
  clock: systemClock,
  name: settings.workerName,
  serves: settings.serves,
  concurrency: settings.workerConcurrency,
  timing: workerTiming,
})
installShutdown({
  logger,
  phases: [{ name: 'worker', timeoutMs: graceMs + 70_000, run: () => worker.close({ graceMs }) }],
})
