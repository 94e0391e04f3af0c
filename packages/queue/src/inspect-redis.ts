import { linkOf, type QueueConnection } from './open-connection.ts'
import { translateError } from './translate-error.ts'

/** What a Redis is like that holds a queue, good or bad. */
export interface RedisFinding {
  readonly check: 'version' | 'eviction' | 'persistence' | 'evicted'
  readonly level: 'ok' | 'warning' | 'error'
  readonly message: string
  /** Null when there is nothing to do. */
  readonly remedy: string | null
}

/** For `doctor` and for warnings at start-up. Works where CONFIG is forbidden. */
export async function inspectRedis(connection: QueueConnection): Promise<RedisFinding[]> {
  const { redis, address } = linkOf(connection)
  try {
    const info = parseInfo(await redis.info())
    const save = await redis.config('GET', 'save').then(
      (answer) => String((answer as string[])[1] ?? ''),
      // Many providers forbid CONFIG; then INFO must do.
      () => null,
    )
    return [
      versionFinding(info),
      evictionFinding(info),
      ...evictedFinding(info),
      persistenceFinding(info, save),
    ]
  } catch (error) {
    throw translateError(error, address)
  }
}

export type RedisInfo = ReadonlyMap<string, string>

export function parseInfo(text: string): RedisInfo {
  const lines = text.split('\n').filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), afterColon(line)]))
}

export function versionFinding(info: RedisInfo): RedisFinding {
  const valkey = info.get('valkey_version')
  const version = info.get('redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const name = valkey ? `Valkey ${valkey}` : `Redis ${version}`
  const check = 'version'
  if (major > 6 || (major === 6 && minor >= 2)) {
    return { check, level: 'ok', message: name, remedy: null }
  }
  return {
    check,
    level: 'error',
    message: `${name} is too old`,
    remedy: 'Use Redis 6.2 or later, or Valkey.',
  }
}

export function evictionFinding(info: RedisInfo): RedisFinding {
  const policy = info.get('maxmemory_policy')
  const check = 'eviction'
  if (policy === 'noeviction') {
    return { check, level: 'ok', message: 'maxmemory-policy is noeviction', remedy: null }
  }
  if (policy === undefined) {
    return {
      check,
      level: 'warning',
      message: 'maxmemory-policy cannot be read here',
      remedy: 'See to it that it is noeviction.',
    }
  }
  const isLimited = Number(info.get('maxmemory') ?? 0) > 0
  return {
    check,
    level: isLimited ? 'error' : 'warning',
    message: `maxmemory-policy is ${policy}: when memory runs short, Redis drops schedules and runs`,
    remedy: 'Set maxmemory-policy to noeviction.',
  }
}

function evictedFinding(info: RedisInfo): RedisFinding[] {
  const evicted = Number(info.get('evicted_keys') ?? 0)
  if (evicted === 0) return []
  return [
    {
      check: 'evicted',
      level: 'warning',
      message: `Redis has dropped ${evicted} keys for want of memory since it started`,
      remedy: 'Set maxmemory-policy to noeviction, and give Redis more memory.',
    },
  ]
}

/** `save` is the setting of that name; null when it cannot be read. */
export function persistenceFinding(info: RedisInfo, save: string | null): RedisFinding {
  const check = 'persistence'
  if (info.get('aof_enabled') === '1') {
    const failed = info.get('aof_last_write_status') === 'err'
    if (!failed) return { check, level: 'ok', message: 'append-only file is on', remedy: null }
    return {
      check,
      level: 'error',
      message: 'Redis cannot write its append-only file',
      remedy: 'Look at the disk and the log of Redis.',
    }
  }
  const remedy = 'Set appendonly to yes: otherwise runs that wait are lost when Redis restarts.'
  if (save === '') {
    return { check, level: 'warning', message: 'Redis keeps nothing on disk', remedy }
  }
  return {
    check,
    level: 'warning',
    message: 'Redis writes snapshots only: the last minutes are lost when it dies',
    remedy,
  }
}

function afterColon(line: string): string {
  return line.slice(line.indexOf(':') + 1).trim()
}
