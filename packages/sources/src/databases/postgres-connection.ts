import type { ServerSourceConfig } from '@backstream/config'
import { SourceError } from '../source-error.ts'
import type { Connection, ResolveSecret } from './database-kind.ts'

/** The variables libpq reads, by the name of the parameter in a URI. */
const variables: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  channel_binding: 'PGCHANNELBINDING',
  require_auth: 'PGREQUIREAUTH',
  service: 'PGSERVICE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  sslmode: 'PGSSLMODE',
  sslcompression: 'PGSSLCOMPRESSION',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  sslcrl: 'PGSSLCRL',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslsni: 'PGSSLSNI',
  requirepeer: 'PGREQUIREPEER',
  gssencmode: 'PGGSSENCMODE',
  krbsrvname: 'PGKRBSRVNAME',
  gsslib: 'PGGSSLIB',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  client_encoding: 'PGCLIENTENCODING',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
}

export async function openPostgresConnection(
  config: Pick<ServerSourceConfig, 'uri' | 'host' | 'port' | 'user' | 'password'>,
  resolveSecret: ResolveSecret,
): Promise<Connection> {
  const env: Record<string, string> = { PGAPPNAME: 'backstream' }
  const secrets: string[] = []
  let database: string | null = null
  if (config.uri) {
    const uri = await resolveSecret(config.uri)
    const parsed = parsePostgresUri(uri)
    Object.assign(env, parsed.env)
    database = parsed.database
    secrets.push(uri)
  }
  if (config.host !== null) env['PGHOST'] = config.host
  if (config.port !== null) env['PGPORT'] = String(config.port)
  if (config.user !== null) env['PGUSER'] = config.user
  if (config.password) env['PGPASSWORD'] = await resolveSecret(config.password)
  if (env['PGPASSWORD']) secrets.push(env['PGPASSWORD'])
  return { env, secrets, database }
}

/** `postgres://user:password@host:port,host2/database?sslmode=…`, as libpq reads it. */
export function parsePostgresUri(uri: string): Omit<Connection, 'secrets'> {
  const match = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(uri)
  if (!match) throw unreadable('it does not begin with postgres:// or postgresql://')
  const [, login = '', hosts = '', path = '', query = ''] = match
  const env: Record<string, string> = {}
  const [user = '', ...password] = login.split(':')
  if (user !== '') env['PGUSER'] = decode(user)
  if (password.length > 0) env['PGPASSWORD'] = decode(password.join(':'))
  if (hosts !== '') Object.assign(env, splitHosts(hosts))
  let database = path === '' ? null : decode(path)
  for (const [name, value] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const variable = variables[name]
    if (name === 'dbname') database = value
    else if (variable) env[variable] = value
    else throw unreadable(`the parameter ${name} is not known`)
  }
  return { env, database }
}

function splitHosts(hosts: string): Record<string, string> {
  const pairs = hosts.split(',').map((host) => {
    const [, address = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host) ?? []
    return { address: decode(address.replace(/^\[|\]$/g, '')), port }
  })
  const env: Record<string, string> = {}
  if (pairs.some(({ address }) => address !== ''))
    env['PGHOST'] = pairs.map(({ address }) => address).join(',')
  if (pairs.some(({ port }) => port !== '')) env['PGPORT'] = pairs.map(({ port }) => port).join(',')
  return env
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unreadable('a % stands in it that is no escape: write it as %25')
  }
}

/** Never shows the URI: a password may stand in it. */
function unreadable(why: string): SourceError {
  return new SourceError(
    'source-unreachable',
    `The address of the database cannot be read: ${why}`,
    {
      permanent: true,
      remedy: 'Write postgres://USER@HOST:PORT/DATABASE, the password by reference.',
    },
  )
}
