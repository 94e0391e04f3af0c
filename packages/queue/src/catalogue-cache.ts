import { createHash } from 'node:crypto'
import { describeError } from '@backstream/kernel'
import { linkOf, type QueueConnection } from './open-connection.ts'

/** Texts by backup id, by place: a short cut that may be lost at any time. Never rejects. */
export interface CatalogueCache {
  recall(place: string): Promise<ReadonlyMap<string, string>>
  keep(
    place: string,
    news: { readonly changed: ReadonlyMap<string, string>; readonly gone: readonly string[] },
  ): Promise<void>
}

/** Of a place that nobody looked at for so long nothing is kept. */
const keptSeconds = 30 * 24 * 3_600
/** Fields of one command. */
const fieldsAtATime = 1_000

export function openCatalogueCache(connection: QueueConnection): CatalogueCache {
  const link = linkOf(connection)
  const keyOf = (place: string) =>
    link.key('catalogue', createHash('sha256').update(place).digest('hex').slice(0, 32))
  const forgive = (error: unknown) =>
    link.logger.debug({ err: error }, `catalogue not kept: ${describeError(error)}`)
  return {
    async recall(place) {
      try {
        return new Map(Object.entries(await link.redis.hgetall(keyOf(place))))
      } catch (error) {
        forgive(error)
        return new Map()
      }
    },
    async keep(place, { changed, gone }) {
      const key = keyOf(place)
      const fields = [...changed]
      try {
        for (let at = 0; at < fields.length; at += fieldsAtATime) {
          await link.redis.hset(key, ...fields.slice(at, at + fieldsAtATime).flat())
        }
        for (let at = 0; at < gone.length; at += fieldsAtATime) {
          await link.redis.hdel(key, ...gone.slice(at, at + fieldsAtATime))
        }
        await link.redis.expire(key, keptSeconds)
      } catch (error) {
        forgive(error)
      }
    },
  }
}
