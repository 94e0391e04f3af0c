import { readFile } from 'node:fs/promises'
import { type AgeIdentity, parseAgeIdentities } from '@backstream/backup'
import { type Config, resolveSecret } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import {
  acquireLease,
  createRunProducer,
  listSchedules,
  openBoardQueues,
  openCatalogueCache,
  openRunHistory,
  type QueueConnection,
  queueMetrics,
  queueNamesOf,
  readPlansSeen,
  sharedKey,
} from '@backstream/queue'
import { createMetrics } from '@backstream/runtime/metrics'
import type { Storage } from '@backstream/storage'
import metadata from '../package.json' with { type: 'json' }
import { BoardError } from './board-error.ts'
import { rememberOpened } from './remember-opened.ts'
import { type Board, serveBoard } from './serve-board.ts'

export type { Board } from './serve-board.ts'

export interface BoardDeps {
  readonly config: Config
  /** Stays the caller's to close, after the board. */
  readonly connection: QueueConnection
  /** By name of the storage; called once for each, and again when it rejected. */
  readonly openStorage: (name: string) => Promise<Storage>
  /** The same, with the credentials that may remove things, where there are any. */
  readonly openMaintenance: (name: string) => Promise<Storage>
  /** A file with keys, for looking into encrypted backups; null: they stay closed here. */
  readonly identityFile: string | null
  readonly logger: Logger
  readonly clock: Clock
  /** The environment that secret references read; `TZ` is the zone of the times shown. */
  readonly env: Readonly<Record<string, string | undefined>>
}

const leaseTtlMs = 30_000

/** Rejects with a `BoardError`: `usage` when it would be open to the network, `listen` when it cannot. */
export async function startBoard(deps: BoardDeps): Promise<Board> {
  const { config, connection, env } = deps
  const names = queueNamesOf(config.plans)
  const { version } = metadata
  return await serveBoard({
    ...deps,
    version,
    queues: openBoardQueues(connection, names),
    producer: createRunProducer(connection),
    openStorage: rememberOpened(deps.openStorage),
    openMaintenance: rememberOpened(deps.openMaintenance),
    leasePlan: createPlanLease(deps),
    cache: openCatalogueCache(connection),
    runHistory: openRunHistory(connection, { plans: config.plans.map(({ name }) => name) }),
    listSchedules: () => listSchedules(connection),
    plansSeen: () => readPlansSeen(connection),
    sessionKey: await sharedKey(connection, 'board-sessions'),
    readIdentities: () => readIdentities(deps.identityFile),
    readQueues: () => queueMetrics(connection, names),
    pingRedis: () => connection.ping(),
    metrics: createMetrics({ installation: config.name, version }),
    readSecret: (ref) => resolveSecret(ref, env),
    timeZone: env['TZ'] || undefined,
  })
}

function createPlanLease({ connection, logger }: BoardDeps) {
  return async (plan: string, owner: string): Promise<AsyncDisposable> => {
    const lease = await acquireLease(connection, { plan, owner, ttlMs: leaseTtlMs, logger })
    if (!('heldBy' in lease)) return lease
    throw new BoardError('refused', `${plan} is in use by ${lease.heldBy}. Try again after that.`, {
      statusCode: 409,
    })
  }
}

/** Read anew each time: a key may be put there, and taken away, while the board runs. */
async function readIdentities(file: string | null): Promise<readonly AgeIdentity[]> {
  return file === null ? [] : parseAgeIdentities(await readFile(file, 'utf8'))
}
