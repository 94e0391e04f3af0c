import type { ServerSourceConfig } from '@backstream/config'
import type { SourceProblem } from '../source.ts'
import type { Asking } from './database-kind.ts'
import { feed } from './feed.ts'
import { askPostgres, askPostgresVersion, askServer, type ServerFacts } from './postgres-facts.ts'
import { quoted } from './postgres-preflight.ts'
import { globalsName } from './postgres-source.ts'
import {
  databaseOf,
  type RestorableStream,
  type RestoreOptions,
  type RestoreTarget,
} from './restore-target.ts'

// What a database has that was not there when it was made.
const contentQuery = `SELECT
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS
      (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
  + (SELECT count(*) FROM pg_largeobject_metadata)`

/** A PostgreSQL server that dumps go back to: roles first, then each database under its name. */
export function createPostgresTarget(
  { host }: Pick<ServerSourceConfig, 'host'>,
  ask: (signal: AbortSignal) => Promise<Asking>,
): RestoreTarget {
  return {
    label: `PostgreSQL${host === null ? '' : ` at ${host}`}`,
    async findProblems(streams, options) {
      if (streams.some(isPhysical)) return [physicalStream]
      const asking = await ask(options.signal)
      const server = await askServer(maintenance(asking))
      const problems = [...(await findOldRestorer(asking, streams))]
      for (const stream of streams.filter(isDump)) {
        problems.push(...(await findOccupied(asking, { stream, server, options })))
      }
      return problems
    },
    async restore(stream, content, options) {
      const asking = await ask(options.signal)
      if (isDump(stream)) await restoreDatabase(asking, { stream, options }, content)
      else await restoreGlobals(asking, content)
    },
  }
}

/** The database of a target's address may be the one that is to be made. */
function maintenance(asking: Asking): Asking {
  return { ...asking, connection: { ...asking.connection, database: 'postgres' } }
}

function isDump({ name }: RestorableStream): boolean {
  return name !== globalsName
}

function isPhysical({ facts }: RestorableStream): boolean {
  return facts['form'] === 'physical'
}

const physicalStream: SourceProblem = {
  code: 'no-way-back',
  message: 'These are the files of a whole server: they go into no server that runs',
  remedy:
    'Restore with --to DIR, unpack the file there (`tar -xpf FILE -C DATA`) as the user of PostgreSQL into an empty directory of mode 0700, and start the same major version on it: `pg_ctl -D DATA start`.',
  permanent: true,
}

/** Where a dump goes: to the database that the address names, else to the one it was read from. */
function targetOf({ connection }: Asking, stream: RestorableStream): string {
  return connection.database ?? databaseOf(stream) ?? 'postgres'
}

async function findOldRestorer(
  asking: Asking,
  streams: readonly RestorableStream[],
): Promise<readonly SourceProblem[]> {
  const restorer = await askPostgresVersion(asking, 'pg_restore')
  const needed = Math.max(
    0,
    ...streams.map(({ facts }) => parseInt(String(facts['client']), 10) || 0),
  )
  if (restorer.major >= needed) return []
  return [
    {
      code: 'client-too-old',
      message: `pg_restore ${restorer.text} ${asking.runner.place} is older than the pg_dump ${needed} that wrote this`,
      remedy: `Install postgresql-client-${needed} or newer.`,
      permanent: true,
    },
  ]
}

interface Occupation {
  readonly stream: RestorableStream
  readonly server: ServerFacts
  readonly options: RestoreOptions
}

async function findOccupied(
  asking: Asking,
  { stream, server, options }: Occupation,
): Promise<readonly SourceProblem[]> {
  const database = targetOf(asking, stream)
  if (options.overwrite || !server.databases.some(({ name }) => name === database)) return []
  if (Number(await askPostgres(asking, { database, sql: contentQuery })) === 0) return []
  return [
    {
      code: 'target-not-empty',
      message: `The database ${database} is there, and not empty`,
      remedy:
        'Name another database in the address, or say --overwrite always: the database is then dropped before.',
      permanent: true,
    },
  ]
}

async function restoreDatabase(
  asking: Asking,
  { stream, options }: Omit<Occupation, 'server'>,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const server = await askServer(maintenance(asking))
  const database = targetOf(asking, stream)
  const isThere = server.databases.some(({ name }) => name === database) && !options.overwrite
  if (options.overwrite) await dropDatabase(asking, { database, server })
  // Made by the dump itself it has its owner, encoding and rights again.
  const isMade = !isThere && database === databaseOf(stream)
  if (!isThere && !isMade) {
    const sql = `CREATE DATABASE ${quoted(database)} TEMPLATE template0`
    await askPostgres(asking, { database: besides(database), sql })
  }
  // Only a superuser may give things to others.
  const owners = server.readsPasswords ? [] : ['--no-owner', '--no-privileges']
  if (owners.length > 0) {
    options.note(`${server.user} is no superuser: all of ${database} belongs to it, without grants`)
  }
  const how = isMade ? '--create' : '--single-transaction'
  const into = connectTo(isMade ? besides(database) : database)
  await feed(
    asking,
    {
      label: `pg_restore of ${database}`,
      argv: ['pg_restore', '--no-password', '--exit-on-error', how, ...owners, into],
      remedy: 'Mend what it reports, and restore again.',
      aftermath: isMade
        ? `The database ${database} holds a part: drop it before it is restored again`
        : 'Nothing of it was kept',
    },
    content,
  )
}

/** Into a new database, as the one who restores: with the owners and grants of a server that is not here it would fail. */
export async function restorePlain(
  asking: Asking,
  { database, label }: { readonly database: string; readonly label: string },
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const sql = `CREATE DATABASE ${quoted(database)} TEMPLATE template0`
  await askPostgres(asking, { database: besides(database), sql })
  const how = ['--single-transaction', '--no-owner', '--no-privileges']
  await feed(
    asking,
    {
      label: `pg_restore of ${label}`,
      argv: ['pg_restore', '--no-password', '--exit-on-error', ...how, connectTo(database)],
      remedy: 'Mend what it reports: an extension that is missing there, or a newer version.',
      aftermath: 'Nothing of it was kept',
    },
    content,
  )
}

/** Not `--clean`: what a dump knows of may hang together with what it does not know of. */
export async function dropDatabase(
  asking: Asking,
  { database, server }: { readonly database: string; readonly server: ServerFacts },
): Promise<void> {
  const force = server.version >= 130_000 ? ' WITH (FORCE)' : ''
  const sql = `DROP DATABASE IF EXISTS ${quoted(database)}${force}`
  await askPostgres(asking, { database: besides(database), sql })
}

/** A database to be in while another is made or dropped. */
function besides(database: string): string {
  return database === 'postgres' ? 'template1' : 'postgres'
}

/** As a connection string, since a name could look like one. */
function connectTo(database: string): string {
  return `--dbname=dbname='${database.replace(/[\\']/g, '\\$&')}'`
}

/** Roles that are there already stay, and get the attributes and passwords of the backup. */
async function restoreGlobals(asking: Asking, content: AsyncIterable<Uint8Array>): Promise<void> {
  await feed(
    asking,
    {
      label: 'psql, restoring roles and tablespaces,',
      argv: ['psql', '-Xqw', '-v', 'VERBOSITY=sqlstate', '--dbname=postgres'],
      env: { LC_ALL: 'C' },
      remedy: 'Mend what it reports (SQLSTATE codes), and restore again.',
      aftermath: 'Roles that were made so far are kept',
      isFailure: (stderr) => stderr.split('\n').some(isOtherThanDuplicate),
    },
    content,
  )
}

/** 42710: it is there already, as `postgres` always is. */
function isOtherThanDuplicate(line: string): boolean {
  return /\b(?:ERROR|FATAL|PANIC): /.test(line) && !/ERROR: +42710\s*$/.test(line)
}
