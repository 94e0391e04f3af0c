import type { ServerSourceConfig } from '@backstream/config'
import type { Connection, ResolveSecret } from './database-kind.ts'
import { parseAddress, unknownParameter } from './parse-address.ts'

const schemes = ['redis', 'rediss', 'valkey', 'valkeys']

/** The password by the client's own variable; the rest is no secret, and has none. */
export async function openRedisConnection(
  config: Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const secrets: string[] = []
  let { host, user } = config
  let port = config.port === null ? '' : String(config.port)
  let password = config.password ? await resolveSecret(config.password) : ''
  let isTls = false
  if (config.uri) {
    const uri = await resolveSecret(config.uri)
    const address = parseAddress(uri, schemes)
    const [unknown] = [...address.parameters.keys()].filter((name) => name !== 'socket')
    if (unknown) throw unknownParameter(unknown, schemes)
    host = address.parameters.get('socket') ?? (address.host || null)
    port = address.port || port
    user = address.user || user
    password ||= address.password
    isTls = address.scheme.endsWith('s') && address.scheme !== 'redis'
    secrets.push(uri)
  }
  if (password) secrets.push(password)
  const where = host?.startsWith('/') ? ['-s', host] : host === null ? [] : ['-h', host]
  return {
    env: password ? { REDISCLI_AUTH: password } : {},
    args: [
      ...where,
      ...(port === '' ? [] : ['-p', port]),
      ...(user === null ? [] : ['--user', user]),
      ...(isTls ? ['--tls'] : []),
      '--no-auth-warning',
    ],
    secrets,
    database: null,
  }
}
