import { createRedact } from '../redact.ts'
import { capture } from '../runners/capture.ts'
import { SourceError } from '../source-error.ts'
import type { Asking } from './database-kind.ts'

export interface ServerFacts {
  /** As 150018 for 15.18. */
  readonly version: number
  readonly versionText: string
  readonly isReplica: boolean
  readonly user: string
  /** Whether the passwords of roles can be read, which only a superuser may. */
  readonly readsPasswords: boolean
  readonly replicates: boolean
  readonly databases: readonly { readonly name: string; readonly mayConnect: boolean }[]
}

/** Of one database. */
export interface DatabaseFacts {
  /** Of tables, their large values included, without indexes. */
  readonly bytes: number
  /** Tables and sequences that this user may not read, or not all rows of; at most 20. */
  readonly forbidden: readonly string[]
}

const serverQuery = `SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'versionText', split_part(current_setting('server_version'), ' ', 1),
  'isReplica', pg_is_in_recovery(),
  'user', current_user,
  'readsPasswords', has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
  'replicates', (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user),
  'databases', (SELECT json_agg(json_build_object('name', datname,
      'mayConnect', has_database_privilege(datname, 'CONNECT')) ORDER BY datname)
    FROM pg_database WHERE datallowconn AND NOT datistemplate))`

// pg_dump reads what is not of the system and not of an extension; row security must not hide rows.
const databaseQuery = `WITH mine AS (
  SELECT c.oid, c.relkind, n.oid AS schema, format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
      AND d.objid = c.oid AND d.deptype = 'e'))
SELECT json_build_object(
  'bytes', (SELECT coalesce(sum(pg_table_size(oid)), 0) FROM mine WHERE relkind = 'r'),
  'forbidden', (SELECT coalesce(json_agg(name), '[]') FROM (SELECT name FROM mine
    WHERE NOT has_schema_privilege(schema, 'USAGE') OR NOT has_table_privilege(oid, 'SELECT')
      OR row_security_active(oid) ORDER BY name LIMIT 20) AS listed))`

export async function askServer(asking: Asking): Promise<ServerFacts> {
  const database = asking.connection.database ?? 'postgres'
  return JSON.parse(await askPostgres(asking, { database, sql: serverQuery }))
}

/** `PostgreSQL 15.18, primary`. */
export function describeServer({ versionText, isReplica }: ServerFacts): string {
  return `PostgreSQL ${versionText}, ${isReplica ? 'replica' : 'primary'}`
}

export async function askDatabase(asking: Asking, database: string): Promise<DatabaseFacts> {
  return JSON.parse(await askPostgres(asking, { database, sql: databaseQuery }))
}

/** What psql prints for a statement, unaligned. Rejects with the server's words where it fails. */
export async function askPostgres(
  { runner, connection, signal }: Asking,
  { database, sql }: { readonly database: string; readonly sql: string },
): Promise<string> {
  const argv = ['psql', '-XAtqw', '-v', 'ON_ERROR_STOP=1', '-c', sql]
  const env = { ...connection.env, PGDATABASE: database, PGCLIENTENCODING: 'UTF8', LC_ALL: 'C' }
  const { exit, stdout, stderr } = await capture(runner, { argv, env }, signal)
  if (exit?.status === 0) return stdout.trim()
  const said = createRedact(connection.secrets)(stderr).trim()
  throw new SourceError('source-unreachable', `PostgreSQL cannot be asked: ${said}`, {
    permanent: isPermanent(said),
    remedy: 'Check host, port, user and password, and that the server is up.',
  })
}

/** What no later attempt mends by itself. */
function isPermanent(said: string): boolean {
  return /authentication failed|no password supplied|no pg_hba\.conf entry|does not exist|permission denied/.test(
    said,
  )
}

/** Of a program of PostgreSQL, as it is where the source is read. */
export async function askPostgresVersion(
  { runner, signal }: Asking,
  program: string,
): Promise<{ readonly major: number; readonly text: string }> {
  const { stdout, stderr } = await capture(
    runner,
    { argv: [program, '--version'], env: {} },
    signal,
  )
  const [, text, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? []
  if (text !== undefined) return { major: Number(major), text }
  throw new SourceError(
    'command-failed',
    `${program} does not tell its version: ${stderr.trim()}`,
    {
      permanent: true,
      remedy: `Run ${program} --version ${runner.place}.`,
    },
  )
}
