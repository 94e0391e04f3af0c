import { formatBytes, type ServerSourceConfig } from '@backstream/config'
import type { StreamPlan, StreamRequest } from '../read-streams.ts'
import type { SourceWarning } from '../source.ts'
import { checkTextEnd } from '../stream-check.ts'
import { chooseDatabases, dumpName, wantedOf } from './choose-databases.ts'
import type { Asking, DatabaseKind } from './database-kind.ts'
import { checkPostgresArchive } from './postgres-archive-check.ts'
import { openPostgresConnection } from './postgres-connection.ts'
import {
  askDatabase,
  askPostgresVersion,
  askServer,
  describeServer,
  type ServerFacts,
} from './postgres-facts.ts'
import { findPostgresProblems } from './postgres-preflight.ts'
import { RowCount } from './row-count.ts'

/**
 * PostgreSQL by pg_dump: one custom archive for each database, not compressed since ours will be, and
 * before them what belongs to the server as a whole (roles, tablespaces) as SQL.
 */
export const postgresDump: DatabaseKind<ServerSourceConfig> = {
  programs: (config, connection) =>
    wantedOf(config, connection).isAll ? ['psql', 'pg_dump', 'pg_dumpall'] : ['psql', 'pg_dump'],
  connect: openPostgresConnection,
  findProblems: findPostgresProblems,
  async estimate(config, asking) {
    const { names } = await choose(config, asking)
    return await sizeOf(names, asking)
  },
  async describe(config, asking) {
    const { names, server } = await choose(config, asking)
    const client = await askPostgresVersion(asking, 'pg_dump')
    const { bytes } = await sizeOf(names, asking)
    const size = `${names.length === 1 ? names[0] : `${names.length} databases`}, ${formatBytes(bytes)}`
    return `${describeServer(server)}; pg_dump ${client.text}; ${size}, all of it readable as ${server.user}`
  },
  async plan(config, asking, place) {
    const { names, server } = await choose(config, asking)
    const client = await askPostgresVersion(asking, 'pg_dump')
    const versions = { server: server.versionText, client: client.text }
    const wanted = wantedOf(config, asking.connection)
    const streams = names.map((database) => {
      const name = dumpName(place, wanted, { database, extension: 'dump' })
      return dumpDatabase(asking, { name, database, versions })
    })
    const folder = wanted.isOne ? {} : { folder: place }
    if (wanted.isAll)
      return { ...folder, ...withGlobals(streams, { asking, server, versions, place }) }
    return { ...folder, streams, consistency: consistencyOf(names.length, server) }
  },
}

async function choose(
  config: ServerSourceConfig,
  asking: Asking,
): Promise<{ readonly names: readonly string[]; readonly server: ServerFacts }> {
  const server = await askServer(asking)
  const wanted = wantedOf(config, asking.connection)
  const present = server.databases.map(({ name }) => name)
  return { names: chooseDatabases(wanted, present), server }
}

async function sizeOf(
  names: readonly string[],
  asking: Asking,
): Promise<{ readonly bytes: number; readonly entries: number }> {
  let bytes = 0
  for (const name of names) bytes += (await askDatabase(asking, name)).bytes
  return { bytes, entries: names.length }
}

type Versions = Readonly<Record<'server' | 'client', string>>

function dumpDatabase(
  { connection }: Asking,
  dump: { readonly name: string; readonly database: string; readonly versions: Versions },
): StreamRequest {
  const { name, database, versions } = dump
  const label = `pg_dump of ${database}`
  const rows = new RowCount()
  return {
    name,
    label,
    argv: ['pg_dump', '--format=custom', '--compress=0', '--no-password'],
    env: { ...connection.env, PGDATABASE: database },
    secrets: connection.secrets,
    check: checkPostgresArchive(label, rows),
    facts: { kind: 'postgres', database, ...versions, rows },
  }
}

interface Globals {
  readonly asking: Asking
  readonly server: ServerFacts
  readonly versions: Versions
  readonly place: string
}

function withGlobals(streams: readonly StreamRequest[], globals: Globals): StreamPlan {
  const { server, place } = globals
  return {
    streams: [dumpGlobals(globals), ...streams],
    consistency: `${consistencyOf(streams.length, server)}; roles and tablespaces as they were before`,
    warnings: server.readsPasswords ? [] : [rolesWithoutPasswords(place)],
  }
}

export const globalsName = 'globals.sql'

function dumpGlobals({ asking: { connection }, server, versions, place }: Globals): StreamRequest {
  const label = 'pg_dumpall --globals-only'
  const { database } = connection
  return {
    name: `${place}/${globalsName}`,
    label,
    argv: [
      'pg_dumpall',
      '--globals-only',
      '--no-password',
      ...(server.readsPasswords ? [] : ['--no-role-passwords']),
      ...(database === null ? [] : [`--database=${database}`]),
    ],
    env: connection.env,
    secrets: connection.secrets,
    check: checkTextEnd(label, {
      // Newer ones write a line `\unrestrict KEY` behind it.
      trailer: /-- PostgreSQL database cluster dump complete\n--\s*(?:\\unrestrict \S+\s*)?$/,
      remedy: 'It was cut short: see what ended the server or the connection.',
    }),
    facts: { kind: 'postgres', ...versions },
  }
}

function rolesWithoutPasswords(place: string): SourceWarning {
  return {
    code: 'roles-without-passwords',
    path: `${place}/${globalsName}`,
    message: 'only a superuser may read the passwords of roles: they are not in the backup',
  }
}

function consistencyOf(databases: number, { isReplica }: ServerFacts): string {
  const moment =
    databases === 1 ? 'one moment (a snapshot)' : 'each database as of one moment (a snapshot)'
  return isReplica ? `${moment}, of a replica` : moment
}
