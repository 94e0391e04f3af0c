import type { BuildContext } from './build-context.ts'
import type { BoardConfig, RedisConfig } from './model.ts'
import { installationName } from './schema/config-schema.ts'
import {
  boardSchema,
  isLoopback,
  parseListen,
  redisAt,
  redisSchema,
} from './schema/installation.ts'
import type { Mapping } from './schema/read-keys.ts'
import { readValue } from './schema/report-issues.ts'
import { ValueError } from './value-error.ts'

export function readVersion(top: Mapping, { report }: BuildContext): void {
  if (top['version'] === 1) return
  const isMissing = top['version'] === undefined
  report.error(['version'], {
    message: isMissing ? 'is missing' : 'this version of the format is not known',
    remedy: isMissing ? 'begin the file with version: 1' : 'write version: 1',
  })
}

/** From the file, unless `BACKSTREAM_NAME` says otherwise. */
export function readInstallationName(
  top: Mapping,
  { env, report }: BuildContext,
): string | undefined {
  const path = ['name']
  const written = env['BACKSTREAM_NAME'] || top['name']
  if (written !== undefined) return readValue(installationName, written, { path, report })
  report.error(path, {
    message: 'is missing',
    remedy: 'name this installation: name: home',
  })
  return undefined
}

/** From the file, else `REDIS_URL` or `REDIS_URL_FILE`. */
export function readRedis(top: Mapping, { env, report }: BuildContext): RedisConfig | undefined {
  const path = ['redis']
  if (top['redis'] !== undefined) {
    const redis = readValue(redisSchema, top['redis'], { path, report })
    if (redis) checkRedisUrl(redis, { report, isText: typeof top['redis'] === 'string' })
    return redis
  }
  if (env['REDIS_URL']) return redisAt({ env: 'REDIS_URL' })
  if (env['REDIS_URL_FILE']) return redisAt({ file: env['REDIS_URL_FILE'] })
  report.error(path, {
    message: 'is missing',
    remedy: 'add redis: "redis://127.0.0.1:6379", or set REDIS_URL',
  })
  return undefined
}

function checkRedisUrl(
  redis: RedisConfig,
  { report, isText }: { report: BuildContext['report']; isText: boolean },
): void {
  if (redis.url === null || !('value' in redis.url)) return
  if (/^rediss?:\/\/./.test(redis.url.value) && URL.canParse(redis.url.value)) return
  report.error(isText ? ['redis'] : ['redis', 'url'], {
    message: 'not the address of a Redis server',
    remedy: 'write redis://host:6379, or rediss:// for TLS',
  })
}

/** From the file, with `BACKSTREAM_BOARD_LISTEN` in place of `listen` where that is set. */
export function readBoard(top: Mapping, { env, report }: BuildContext): BoardConfig | undefined {
  const path = ['board']
  const board = readValue(boardSchema, top['board'] ?? {}, { path, report })
  if (!board) return undefined
  const listening = { ...board, ...listenOf(env['BACKSTREAM_BOARD_LISTEN'], report) }
  const asksWho = Object.keys(board.users).length > 0 || board.oidc !== null
  if (isLoopback(listening.host) || asksWho) return listening
  report.error([...path, 'listen'], {
    message: 'other machines could reach the board, and it has no users',
    remedy: 'add users, or listen on 127.0.0.1',
  })
  return undefined
}

function listenOf(
  value: string | undefined,
  report: BuildContext['report'],
): { host: string; port: number } | undefined {
  if (!value) return undefined
  try {
    return parseListen(value)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    report.error(['board', 'listen'], {
      message: `BACKSTREAM_BOARD_LISTEN is ${error.message}`,
      remedy: error.remedy ?? '',
    })
    return undefined
  }
}
