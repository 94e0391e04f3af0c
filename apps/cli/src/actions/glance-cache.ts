import type { GlanceCache } from '@backstream/backup'
import type { Session } from '../command-context.ts'

/**
 * The cache in Redis, connected to only when a plan has enough backups for it to be worth it. Listing
 * works without Redis, only slower: nothing here ever rejects.
 */
export function openGlanceCache(session: Session): GlanceCache & AsyncDisposable {
  let opening: ReturnType<typeof open> | undefined
  const opened = () => {
    opening ??= open(session)
    return opening
  }
  return {
    recall: async (place) => (await (await opened())?.cache.recall(place)) ?? new Map(),
    keep: async (place, news) => await (await opened())?.cache.keep(place, news),
    [Symbol.asyncDispose]: async () => await (await opening)?.connection[Symbol.asyncDispose](),
  }
}

async function open(session: Session) {
  const { openCatalogueCache, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  try {
    const config = await session.config()
    const connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
    return { connection, cache: openCatalogueCache(connection) }
  } catch (error) {
    logger.debug({ err: error }, 'listing without the cache in Redis')
    return undefined
  }
}
