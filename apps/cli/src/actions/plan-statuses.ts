import type { PlanOverviewSource } from '@backstream/board/overview'
import type { Config } from '@backstream/config'
import type { QueueConnection } from '@backstream/queue'
import type { Session } from '../command-context.ts'
import { type OpenStorage, openStorage, storageNamed } from './open-storage.ts'

/** Opened storages stay open for further looks until it is disposed of. */
export type PlanStatuses = PlanOverviewSource & AsyncDisposable

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
  const { createRunProducer, listSchedules, openCatalogueCache, readPlansSeen } = await import(
    '@backstream/queue'
  )
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
