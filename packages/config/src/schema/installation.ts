/** Everything of the configuration that is neither a storage, a plan nor somebody to tell. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { BoardConfig, BoardUser, RedisConfig, SecretRef } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { type Hints, keys } from './keys.ts'
import {
  absolutePath,
  choice,
  filledList,
  flag,
  list,
  read,
  refuse,
  secret,
  size,
  text,
  webUrl,
} from './value.ts'

export interface Listen {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:7373`, `[::1]:7373`; a port alone after a colon means every address. */
export function parseListen(value: string): Listen {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  if (match && port <= 65_535) return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
  throw new ValueError('not an address to listen on', { remedy: 'write host:port: 127.0.0.1:7373' })
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

function checkNode(value: string): Listen {
  const node = parseListen(value)
  if (node.port > 0 && !value.startsWith(':')) return node
  throw new ValueError('not the address of a sentinel', { remedy: 'write host:port' })
}

const redisMapping = keys(
  {
    url: secret('redis://… or rediss://…').optional(),
    username: text('User').optional(),
    password: secret('Password').optional(),
    tls: z
      .union([
        flag('Whether TLS is used'),
        keys({ caFile: absolutePath('Certificates to trust beside those of the system') }),
      ])
      .describe('TLS: true, or { caFile }')
      .optional(),
    sentinels: keys({
      name: text('Name of the master'),
      nodes: filledList(read(checkNode, { description: 'host:port' }), 'Where the sentinels are'),
    })
      .describe('Redis Sentinel')
      .optional(),
  },
  {
    host: 'write url: redis://host:6379',
    port: 'write url: redis://host:6379',
    db: 'write it at the end of url: redis://host:6379/1',
  },
).transform((value, context): RedisConfig => {
  const { url = null, username = null, password = null, tls = false, sentinels = null } = value
  if ((url === null) === (sentinels === null)) {
    return refuse(context, {
      message: 'Redis is reached by url or by sentinels',
      remedy: 'name exactly one of url and sentinels',
    })
  }
  return { url, username, password, tls, sentinels }
})

export const redisSchema: z.ZodType<RedisConfig> = z
  .union([redisMapping, text('Its address').transform((value): RedisConfig => redisAt({ value }))])
  .describe(
    'The Redis server: its address, or { url, username, password, tls, sentinels }',
  ) as z.ZodType<RedisConfig>

export function redisAt(url: SecretRef): RedisConfig {
  return { url, username: null, password: null, tls: false, sentinels: null }
}

const user = keys({
  role: choice(
    ['viewer', 'operator'],
    'viewer looks; operator also starts, retries and removes runs',
  ),
  password: secret('Password: { env: NAME } or { file: PATH }'),
})

export const boardSchema: z.ZodType<BoardConfig> = keys(
  {
    listen: read(parseListen, {
      description: `Address and port; ${defaults.boardListen} by default. Any other address needs users`,
    }).optional(),
    url: webUrl('The address people use, when it is another').optional(),
    users: z
      .record(z.string().min(1), user.describe('A user'))
      .describe('Who may use the board')
      .optional(),
    basePath: read(checkBasePath, {
      description: 'Path in front of all pages: /backups',
    }).optional(),
    trustedProxies: list(
      text('Address or network'),
      'Proxies whose X-Forwarded headers are believed',
    ).optional(),
    oidc: keys({
      issuer: webUrl('Address of the issuer'),
      clientId: text('Client id'),
      clientSecret: secret('Client secret').optional(),
      roles: z
        .record(z.string().min(1), choice(['viewer', 'operator'], 'Role on the board'))
        .describe('Role by group; * is everybody the issuer knows'),
    })
      .describe('Log-in by OpenID Connect')
      .optional(),
    downloads: size(
      'The largest file an operator may download out of a backup; none when absent',
    ).optional(),
  },
  {
    port: 'write listen: 127.0.0.1:7373',
    host: 'write listen: 127.0.0.1:7373',
    password: 'it belongs to a user: users: { me: { role: operator, password: { file: … } } }',
  },
)
  .describe('The web page')
  .transform((value): BoardConfig => {
    return {
      ...(value.listen ?? parseListen(defaults.boardListen)),
      url: value.url ?? null,
      basePath: value.basePath ?? '',
      trustedProxies: value.trustedProxies ?? [],
      users: (value.users ?? {}) as Readonly<Record<string, BoardUser>>,
      oidc:
        (value.oidc && { ...value.oidc, clientSecret: value.oidc.clientSecret ?? null }) ?? null,
      downloadMaxBytes: value.downloads ?? null,
    }
  })

function checkBasePath(value: string): string {
  const path = value.replace(/\/+$/, '')
  if (/^(\/[\w.~-]+)*$/.test(path)) return path
  throw new ValueError('not a path', { remedy: 'write it with a leading slash: /backups' })
}

export const topHints: Hints = {
  jobs: 'did you mean plans?',
  backups: 'did you mean plans?',
  storage: 'did you mean storages?',
  schedule: 'it belongs into defaults or a plan',
  retention: 'it belongs into defaults or a plan',
  timezone: 'it belongs into a schedule: { cron: …, timezone: … }',
}
