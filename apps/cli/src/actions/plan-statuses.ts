import type { PlanOverviewSource } from '@backstream/board/overview'
import type { Config } from '@backstream/config'
import type { RunProgress } from '@backstream/jobs'
import type { QueueConnection, QueueCounts } from '@backstream/queue'
import type { Session } from '../command-context.ts'
import { type OpenStorage, openStorage, storageNamed } from './open-storage.ts'

/** Opened storages stay open for further looks until it is disposed of. */
export interface PlanStatuses extends PlanOverviewSource, AsyncDisposable {
  loadQueues(): Promise<QueueLook>
}

/** Empty without a connection. */
export interface QueueLook {
  readonly queues: readonly QueueCounts[]
  /** By plan, of the runs that are under way. */
  readonly progress: ReadonlyMap<string, RunProgress>
}

const runsAtMost = 1_000

/**
 * Where `status` and the overview have their plans from. Without a connection the bucket alone is
 * asked: what the queue knows is then missing, as it is while Redis is away.
 */
export async function openPlanStatuses(
  session: Session,
  config: Config,
  connection: QueueConnection | null,
): Promise<PlanStatuses> {
  const { createPlanOverviewSource } = await import('@backstream/board/overview')
  const queue = await import('@backstream/queue')
  const { createRunProducer, listSchedules, openCatalogueCache, readPlansSeen } = queue
  const opened: Promise<OpenStorage>[] = []
  const source = createPlanOverviewSource({
    config,
    openStorage: (name) => {
      const storage = openStorage(session, storageNamed(config, name))
      opened.push(storage)
      return storage
    },
    producer: connection ? createRunProducer(connection) : { findRuns: noQueue },
    listSchedules: () => (connection ? listSchedules(connection) : noQueue()),
    plansSeen: () => (connection ? readPlansSeen(connection) : noQueue()),
    clock: session.clock,
    cache: connection ? openCatalogueCache(connection) : undefined,
  })
  return {
    ...source,
    async loadQueues() {
      if (!connection) return { queues: [], progress: new Map() }
      const names = queue.queueNamesOf(config.plans)
      const asked = { jobName: 'backup.run', states: ['active'], limit: runsAtMost } as const
      const [{ queues }, runs] = await Promise.all([
        queue.queueMetrics(connection, names),
        createRunProducer(connection).findRuns(asked),
      ])
      const told = runs.flatMap(({ ref, progress }) =>
        progress ? [[ref.plan, progress] as const] : [],
      )
      return { queues, progress: new Map(told) }
    },
    async [Symbol.asyncDispose]() {
      for (const storage of await Promise.allSettled(opened)) {
        if (storage.status === 'fulfilled') await storage.value[Symbol.asyncDispose]()
      }
    },
  }
}

async function noQueue(): Promise<never> {
  throw new Error('Redis cannot be reached')
}
