import type { ServerSourceConfig } from '@backstream/config'
import type { Connection, ResolveSecret } from './database-kind.ts'
import { parseAddress, unknownParameter } from './parse-address.ts'

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

/** An option file that only the client sees, with everything in it. */
export async function openMariadbConnection(
  config: Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const lines = new Map<string, string>()
  const secrets: string[] = []
  let database: string | null = null
  if (config.uri) {
    const uri = await resolveSecret(config.uri)
    const address = parseAddress(uri, schemes)
    for (const key of ['host', 'port', 'user', 'password'] as const)
      if (address[key] !== '') lines.set(key, address[key])
    for (const [name, value] of address.parameters) {
      if (!options.has(name)) throw unknownParameter(name, schemes)
      lines.set(name, value)
    }
    database = address.database === '' ? null : address.database
    secrets.push(uri)
  }
  if (config.host?.startsWith('/')) lines.set('socket', config.host)
  else if (config.host !== null) lines.set('host', config.host)
  if (config.port !== null) lines.set('port', String(config.port))
  if (config.user !== null) lines.set('user', config.user)
  if (config.password) lines.set('password', await resolveSecret(config.password))
  const password = lines.get('password')
  if (password) secrets.push(password)
  const text = [...lines].map(([name, value]) => `${name}=${quoted(value)}\n`).join('')
  return { env: {}, privateText: `[client]\n${text}`, secrets, database }
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
