import type { ServerSourceConfig } from '@backstream/config'
import type { Connection, ResolveSecret } from './database-kind.ts'
import { type Address, parseAddress, unknownParameter } from './parse-address.ts'

const schemes = ['mariadb', 'mysql']

/** Parameters of an address that are options of the client by the same name. */
const options = new Set([
  'socket',
  'ssl-ca',
  'ssl-cert',
  'ssl-key',
  'ssl-mode',
  'ssl-verify-server-cert',
  'connect-timeout',
  'default-auth',
  'plugin-dir',
])

/** The programs of MySQL and of MariaDB have the same arguments and different names. */
export function mariadbPrograms(kind: ServerSourceConfig['kind']): {
  dump: string
  client: string
} {
  return kind === 'mysql'
    ? { dump: 'mysqldump', client: 'mysql' }
    : { dump: 'mariadb-dump', client: 'mariadb' }
}

type ServerKeys = Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>

/** An option file that only the client sees, with everything in it. */
export async function openMariadbConnection(
  config: ServerKeys,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const uri = config.uri ? await resolveSecret(config.uri) : null
  const address = uri === null ? null : parseAddress(uri, schemes)
  const lines = new Map([...(address ? saidByAddress(address) : []), ...saidByKeys(config)])
  if (config.password) lines.set('password', await resolveSecret(config.password))
  const password = lines.get('password')
  const text = [...lines].map(([name, value]) => `${name}=${quoted(value)}\n`).join('')
  return {
    env: {},
    privateText: `[client]\n${text}`,
    secrets: [uri, password].filter((secret) => typeof secret === 'string'),
    database: address?.database || null,
  }
}

function saidByAddress(address: Address): Iterable<[string, string]> {
  for (const name of address.parameters.keys()) {
    if (!options.has(name)) throw unknownParameter(name, schemes)
  }
  const login = (['host', 'port', 'user', 'password'] as const)
    .filter((key) => address[key] !== '')
    .map((key): [string, string] => [key, address[key]])
  return [...login, ...address.parameters]
}

function saidByKeys({ host, port, user }: ServerKeys): Iterable<[string, string]> {
  const lines = new Map<string, string>()
  if (host !== null) lines.set(host.startsWith('/') ? 'socket' : 'host', host)
  if (port !== null) lines.set('port', String(port))
  if (user !== null) lines.set('user', user)
  return lines
}

/** As option files want it: in quotes, so that a # or a blank is none of theirs. */
function quoted(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
  return `"${escaped}"`
}
