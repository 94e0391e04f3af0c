import { type Config, resolveSecret } from '@backstream/config'
import type { Clock, Logger } from '@backstream/kernel'
import { openQueueConnection, type QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'

/** The queue of a configuration's `redis` and `name`; reads the secrets it needs, and keeps none. */
export async function openConfiguredQueue(
  config: Pick<Config, 'name' | 'redis'>,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly logger: Logger
    readonly clock: Clock
  },
): Promise<QueueConnection & AsyncDisposable> {
  const { redis, name } = config
  const { env, logger, clock } = options
  const url = redis.url === null ? null : await resolveSecret(redis.url, env)
  if (url === null && redis.sentinels === null) {
    throw new QueueError('unreachable', 'The configuration does not say where Redis is', {
      permanent: true,
      remedy: 'Set `redis`, for instance to "redis://127.0.0.1:6379".',
    })
  }
  return await openQueueConnection({
    redis: {
      url: url ?? 'redis://127.0.0.1:6379',
      username: redis.username ?? undefined,
      password: redis.password === null ? undefined : await resolveSecret(redis.password, env),
      tls: redis.tls === false ? undefined : redis.tls,
      sentinels: redis.sentinels ?? undefined,
    },
    installation: name,
    logger,
    clock,
  })
}
