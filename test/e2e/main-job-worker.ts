/** What `backstream worker` is, but with no patience: see main-job-fixture.ts. */
import { loadConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { createLogger, installShutdown, readSettings } from '@backstream/runtime'
import { startWorker } from '@backstream/worker'

const settings = readSettings()
const logger = createLogger({ level: 'debug', format: 'json' })
const config = await loadConfig({ env: settings.env })
const worker = await startWorker({
  config,
  env: settings.env,
  logger,
  clock: systemClock,
  name: null,
  // In the proportions of the real ones.
  timing: { lockMs: 1_000, stalledCheckMs: 500, leaseTtlMs: 3_000 },
})
installShutdown({
  logger,
  phases: [{ name: 'worker', timeoutMs: 30_000, run: () => worker.close({ graceMs: 200 }) }],
})
