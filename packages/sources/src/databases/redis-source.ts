import { formatBytes, type ServerSourceConfig } from '@backstream/config'
import { createRedact } from '../redact.ts'
import { capture } from '../runners/capture.ts'
import type { SourceProblem } from '../source.ts'
import { SourceError } from '../source-error.ts'
import type { Asking, DatabaseKind } from './database-kind.ts'
import { openRedisConnection } from './redis-connection.ts'
import { checkRedisDump } from './redis-rdb-check.ts'

/** Redis by what it sends a replica that is new: an RDB of all its databases, forked off at one moment. */
export const redisDump: DatabaseKind<ServerSourceConfig> = {
  programs: () => ['redis-cli'],
  connect: openRedisConnection,
  async findProblems(_config, asking) {
    const info = await askRedis(asking)
    return isLoading(info) ? [loading] : []
  },
  // What it holds in memory; an RDB of it is smaller.
  async estimate(_config, asking) {
    return { bytes: Number((await askRedis(asking)).get('used_memory') ?? 0), entries: 1 }
  },
  async describe(_config, asking) {
    const info = await askRedis(asking)
    const role = info.get('role') === 'slave' ? 'replica' : 'primary'
    const bytes = Number(info.get('used_memory') ?? 0)
    return `Redis ${info.get('redis_version') ?? ''}, ${role}; ${formatBytes(bytes)} in memory`
  },
  async plan(_config, asking, place) {
    const { connection } = asking
    const info = await askRedis(asking)
    const server = info.get('redis_version') ?? ''
    const label = 'redis-cli --rdb'
    return {
      streams: [
        {
          name: place,
          label,
          argv: ['redis-cli', ...(connection.args ?? []), '--rdb', '-'],
          env: connection.env,
          secrets: connection.secrets,
          check: checkRedisDump(label),
          facts: { kind: 'redis', server },
        },
      ],
      consistency: `one moment (a fork)${info.get('role') === 'slave' ? ', of a replica' : ''}`,
    }
  },
}

/** What INFO tells. */
export async function askRedis({
  runner,
  connection,
  signal,
}: Asking): Promise<ReadonlyMap<string, string>> {
  const argv = ['redis-cli', ...(connection.args ?? []), 'INFO', 'everything']
  const { exit, stdout, stderr } = await capture(runner, { argv, env: connection.env }, signal)
  const pairs = stdout.split(/\r?\n/).map((line) => line.split(':', 2) as [string, string])
  const info = new Map(pairs)
  // Errors of the server come on standard output, with status 0.
  if (exit?.status === 0 && info.has('redis_version')) return info
  const said = createRedact(connection.secrets)(`${stderr} ${stdout}`).trim()
  throw new SourceError('source-unreachable', `Redis cannot be asked: ${said}`, {
    permanent: /NOAUTH|WRONGPASS|NOPERM/.test(said),
    remedy: 'Check host, port, user and password, and that the server is up.',
  })
}

function isLoading(info: ReadonlyMap<string, string>): boolean {
  return info.get('loading') === '1'
}

const loading: SourceProblem = {
  code: 'source-unreachable',
  message: 'Redis is still reading its own data from disk',
  remedy: 'Wait until it has.',
  permanent: false,
}
