import { type Config, resolveSecret } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import {
  createRunProducer,
  openBoardQueues,
  type QueueConnection,
  queueMetrics,
  queueNamesOf,
} from '@backstream/queue'
import { createMetrics } from '@backstream/runtime'
import metadata from '../package.json' with { type: 'json' }
import type { PlanOverviewSource } from './overview/read-overview.ts'
import { type Board, serveBoard } from './serve-board.ts'

export type { PlanOverviewRow, PlanOverviewSource } from './overview/read-overview.ts'
export type { Board } from './serve-board.ts'

export interface BoardDeps {
  readonly config: Config
  /** Stays the caller's to close, after the board. */
  readonly connection: QueueConnection
  readonly overview: PlanOverviewSource
  readonly logger: Logger
  readonly clock: Clock
  /** The environment that secret references read; `TZ` is the zone of the times shown. */
  readonly env: Readonly<Record<string, string | undefined>>
}

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
    readQueues: () => queueMetrics(connection, names),
    pingRedis: () => connection.ping(),
    metrics: createMetrics({ installation: config.name, version }),
    readSecret: (ref) => resolveSecret(ref, env),
    timeZone: env['TZ'] || undefined,
  })
}
