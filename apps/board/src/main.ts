import { type Config, loadConfig } from '@backstream/config'
import { systemClock } from '@backstream/kernel'
import { openConfiguredQueue } from '@backstream/queue'
import {
  createLogger,
  installShutdown,
  readSettings,
  type ShutdownPhase,
  startHealthEndpoint,
  watchEventLoop,
} from '@backstream/runtime'
import { openConfiguredStorage } from '@backstream/storage-s3'
import { startBoard } from './start-board.ts'

const settings = readSettings()
const { env } = settings
const clock = systemClock
const logger = createLogger({ level: settings.logLevel, format: settings.logFormat })
const phases: ShutdownPhase[] = []
installShutdown({ logger, phases })

const file = settings.configFile
const loaded = await loadConfig({ ...(file !== null && { file }), env, mayLackPlans: true })
const config: Config = { ...loaded, board: { ...loaded.board, ...settings.boardListen } }
const health = await startHealthEndpoint({ role: 'board', eventLoop: watchEventLoop() })
const connection = await openConfiguredQueue(config, { env, logger, clock })
const board = await startBoard({
  config,
  connection,
  openStorage: (name) =>
    // Whoever looks at the page waits: a store that is down is UNKNOWN sooner than patience ends.
    openConfiguredStorage(storageNamed(name), { env, logger, clock, retry: { attempts: 2 } }),
  openMaintenance: (name) => {
    const storage = storageNamed(name)
    const credentials = storage.maintenance?.credentials ?? storage.credentials
    return openConfiguredStorage({ ...storage, credentials }, { env, logger, clock })
  },
  identityFile: settings.identityFile,
  logger,
  clock,
  env,
})
phases.push(
  { name: 'board', timeoutMs: 10_000, run: () => board.close() },
  { name: 'redis', timeoutMs: 5_000, run: async () => await connection[Symbol.asyncDispose]() },
  { name: 'health', timeoutMs: 1_000, run: async () => await health[Symbol.asyncDispose]() },
)

function storageNamed(name: string): Config['storages'][string] {
  const storage = config.storages[name]
  // Loading the configuration checks that every plan's storage exists.
  if (!storage) throw new Error(`no storage ${name}`)
  return storage
}
