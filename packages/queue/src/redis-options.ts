import { readFileSync } from 'node:fs'
import type { RedisOptions } from 'ioredis'
import { QueueError } from './queue-error.ts'

/** How to reach Redis; secrets are resolved by now. User and password outweigh those of the URL. */
export interface RedisAddress {
  readonly url: string
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** `rediss:` does the same; `ca` is PEM text. */
  readonly tls?: boolean | { readonly caFile?: string; readonly ca?: string } | undefined
  readonly sentinels?:
    | {
        readonly name: string
        readonly nodes: readonly { readonly host: string; readonly port: number }[]
      }
    | undefined
}

/** `host:port` for messages: never with a password in it. */
export function addressOf(redis: RedisAddress): string {
  if (redis.sentinels) {
    const nodes = redis.sentinels.nodes.map((node) => `${node.host}:${node.port}`)
    return `${redis.sentinels.name} by way of ${nodes.join(', ')}`
  }
  const url = parseUrl(redis.url)
  return url.protocol === 'unix:' ? url.pathname : `${url.hostname}:${url.port || '6379'}`
}

export function redisOptions(redis: RedisAddress): RedisOptions {
  const url = parseUrl(redis.url)
  const username = redis.username ?? decodeURIComponent(url.username)
  const password = redis.password ?? decodeURIComponent(url.password)
  const db = Number(url.protocol === 'unix:' ? url.searchParams.get('db') : url.pathname.slice(1))
  const tls = tlsOptions(redis, url)
  return {
    ...placeOf(redis, url),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(db ? { db } : {}),
    ...(tls ? { tls } : {}),
    ...(tls && redis.sentinels ? { sentinelTLS: tls, enableTLSForSentinelMode: true } : {}),
  }
}

function placeOf(redis: RedisAddress, url: URL): RedisOptions {
  if (redis.sentinels) {
    return { name: redis.sentinels.name, sentinels: [...redis.sentinels.nodes] }
  }
  if (url.protocol === 'unix:') return { path: url.pathname }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host: host || '127.0.0.1', port: Number(url.port || 6379) }
}

function tlsOptions(redis: RedisAddress, url: URL): { ca?: string } | undefined {
  if (typeof redis.tls === 'object') {
    const ca = redis.tls.ca ?? (redis.tls.caFile ? readFileSync(redis.tls.caFile, 'utf8') : null)
    return ca ? { ca } : {}
  }
  return (redis.tls ?? url.protocol === 'rediss:') ? {} : undefined
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url && ['redis:', 'rediss:', 'unix:'].includes(url.protocol)) return url
  // Not the text itself: it may hold a password.
  throw new QueueError('unreachable', 'The address of Redis is no redis:, rediss: or unix: URL', {
    permanent: true,
    remedy: 'Write redis://HOST:PORT in `redis`.',
  })
}
