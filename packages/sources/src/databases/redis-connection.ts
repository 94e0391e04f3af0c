import type { ServerSourceConfig } from '@backstream/config'
import type { Connection, ResolveSecret } from './database-kind.ts'
import { type Address, parseAddress, unknownParameter } from './parse-address.ts'

const schemes = ['redis', 'rediss', 'valkey', 'valkeys']
const tlsSchemes = new Set(['rediss', 'valkeys'])

type ServerKeys = Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>

/** The password by the client's own variable; the rest is no secret, and has none. */
export async function openRedisConnection(
  config: ServerKeys,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const uri = config.uri ? await resolveSecret(config.uri) : null
  const address = uri === null ? null : readAddress(uri)
  const said = config.password ? await resolveSecret(config.password) : ''
  const password = said || address?.password || ''
  return {
    env: password ? { REDISCLI_AUTH: password } : {},
    args: [...argumentsOf(config, address), '--no-auth-warning'],
    secrets: [uri ?? '', password].filter((secret) => secret !== ''),
    database: null,
  }
}

function readAddress(uri: string): Address {
  const address = parseAddress(uri, schemes)
  const unknown = [...address.parameters.keys()].find((name) => name !== 'socket')
  if (unknown !== undefined) throw unknownParameter(unknown, schemes)
  return address
}

function argumentsOf(config: ServerKeys, address: Address | null): readonly string[] {
  const host = address ? (address.parameters.get('socket') ?? address.host) : config.host
  const port = address?.port || config.port
  const user = address?.user || config.user
  const isTls = address !== null && tlsSchemes.has(address.scheme)
  const where = host?.startsWith('/') ? ['-s', host] : host ? ['-h', host] : []
  return [
    ...where,
    ...(port === null ? [] : ['-p', String(port)]),
    ...(user === null ? [] : ['--user', user]),
    ...(isTls ? ['--tls'] : []),
  ]
}
