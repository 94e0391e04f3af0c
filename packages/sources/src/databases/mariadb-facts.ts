import type { ServerSourceConfig } from '@backstream/config'
import { createRedact } from '../redact.ts'
import { capture } from '../runners/capture.ts'
import { privateFile } from '../runners/runner.ts'
import { SourceError } from '../source-error.ts'
import type { Asking } from './database-kind.ts'
import { mariadbPrograms } from './mariadb-connection.ts'

type Kind = ServerSourceConfig['kind']

export interface MariadbFacts {
  readonly version: string
  readonly isMariadb: boolean
  readonly isReplica: boolean
  readonly databases: readonly MariadbDatabase[]
}

export interface MariadbDatabase {
  readonly name: string
  readonly charset: string
  readonly collation: string
  readonly bytes: number
  /** Tables whose engine has no transactions: a snapshot does not cover them. */
  readonly loose: number
}

const databaseQuery = `SELECT s.schema_name, s.default_character_set_name, s.default_collation_name,
    coalesce(sum(t.data_length), 0),
    coalesce(sum(t.engine NOT IN ('InnoDB', 'RocksDB', 'TokuDB', 'SEQUENCE') AND t.table_type = 'BASE TABLE'), 0)
  FROM information_schema.schemata s
  LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name
  WHERE lower(s.schema_name) NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
  GROUP BY 1, 2, 3 ORDER BY 1`

export async function askMariadbServer(asking: Asking, kind: Kind): Promise<MariadbFacts> {
  const [[version = '']] = (await askMariadb(asking, kind, 'SELECT version()')) as [string[]]
  const rows = await askMariadb(asking, kind, databaseQuery)
  const readOnly = await askMariadb(asking, kind, 'SELECT @@global.read_only')
  return {
    version: version.split('-')[0] ?? version,
    isMariadb: /mariadb/i.test(version),
    isReplica: readOnly[0]?.[0] === '1',
    databases: rows.map(([name = '', charset = '', collation = '', bytes, loose]) => ({
      name,
      charset,
      collation,
      bytes: Number(bytes),
      loose: Number(loose),
    })),
  }
}

/** The rows of a statement, each with its columns as text. */
export async function askMariadb(asking: Asking, kind: Kind, sql: string): Promise<string[][]> {
  const { exit, stdout, stderr } = await runMariadb(asking, kind, ['--execute', sql])
  if (exit?.status === 0) {
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'))
  }
  const said = createRedact(asking.connection.secrets)(stderr).trim()
  throw new SourceError('source-unreachable', `The server cannot be asked: ${said}`, {
    permanent: /ERROR (?:1044|1045|1049|1142|1227|1698) /.test(said),
    remedy: 'Check host, port, user and password, and that the server is up.',
  })
}

/** Runs the client with arguments of its own. */
export async function runMariadb(
  { runner, connection, signal }: Asking,
  kind: Kind,
  args: readonly string[],
): ReturnType<typeof capture> {
  const { client } = mariadbPrograms(kind)
  const how = ['--batch', '--skip-column-names', '--default-character-set=utf8mb4']
  const argv = [client, `--defaults-extra-file=${privateFile}`, ...how, ...args]
  const { env, privateText = '' } = connection
  return await capture(runner, { argv, env, privateText }, signal)
}

export interface MariadbClient {
  readonly version: string
  readonly major: number
  readonly isMariadb: boolean
}

export async function askMariadbClient(
  { runner, signal }: Asking,
  program: string,
): Promise<MariadbClient> {
  const { stdout } = await capture(runner, { argv: [program, '--version'], env: {} }, signal)
  const [, version = stdout.trim()] =
    /Distrib (\d[\d.]*)/.exec(stdout) ?? /(?:Ver|from) (\d[\d.]*)/.exec(stdout) ?? []
  return { version, major: parseInt(version, 10) || 0, isMariadb: /mariadb/i.test(stdout) }
}
