import { formatBytes, type ServerSourceConfig } from '@backstream/config'
import type { StreamRequest } from '../read-streams.ts'
import { privateFile } from '../runners/runner.ts'
import type { SourceProblem, SourceWarning } from '../source.ts'
import { checkTextEnd } from '../stream-check.ts'
import {
  chooseDatabases,
  dumpName,
  findUnknown,
  type Wanted,
  wantedOf,
} from './choose-databases.ts'
import type { Asking, DatabaseKind } from './database-kind.ts'
import { mariadbPrograms, openMariadbConnection } from './mariadb-connection.ts'
import {
  askMariadb,
  askMariadbClient,
  askMariadbServer,
  type MariadbClient,
  type MariadbDatabase,
  type MariadbFacts,
  runMariadb,
} from './mariadb-facts.ts'
import { countingInserts } from './mariadb-inserts.ts'
import { RowCount } from './row-count.ts'

/**
 * MySQL and MariaDB by their own dump program: SQL of one database a stream, each of one snapshot, and
 * behind them (MariaDB) the users and roles.
 */
export const mariadbDump: DatabaseKind<ServerSourceConfig> = {
  programs: ({ kind }) => Object.values(mariadbPrograms(kind)),
  connect: openMariadbConnection,
  findProblems,
  async estimate(config, asking) {
    const { chosen } = await choose(config, asking)
    return { bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0), entries: chosen.length }
  },
  async describe(config, asking) {
    const { chosen, server } = await choose(config, asking)
    const { dump } = mariadbPrograms(config.kind)
    const client = await askMariadbClient(asking, dump)
    const [[user = '']] = (await askMariadb(asking, config.kind, 'SELECT current_user()')) as [
      string[],
    ]
    const name = server.isMariadb ? 'MariaDB' : 'MySQL'
    const bytes = chosen.reduce((sum, { bytes }) => sum + bytes, 0)
    const size = `${chosen.length === 1 ? chosen[0]?.name : `${chosen.length} databases`}, ${formatBytes(bytes)}`
    return `${name} ${server.version}, ${server.isReplica ? 'read only (a replica)' : 'primary'}; ${dump} ${client.version}; ${size}, all of it readable as ${user}`
  },
  async plan(config, asking, place) {
    const { chosen, server, wanted } = await choose(config, asking)
    const { dump: program } = mariadbPrograms(config.kind)
    const client = await askMariadbClient(asking, program)
    const dump: Dump = { program, client, server, kind: config.kind, asking, place, wanted }
    const streams = chosen.map((database) => dumpDatabase(dump, database))
    const isWithUsers = wanted.isAll && client.isMariadb && server.isMariadb
    const loose = chosen.filter((database) => database.loose > 0)
    const usersLeftOut = wanted.isAll && !isWithUsers ? [withoutUsers(place)] : []
    return {
      ...(!wanted.isOne && { folder: place }),
      // Behind the tables that their grants name.
      streams: isWithUsers ? [...streams, dumpUsers(dump)] : streams,
      consistency: `each database as of one moment (a snapshot)${server.isReplica ? ', of a replica' : ''}`,
      warnings: [...usersLeftOut, ...loose.map((database) => asRead(dump, database))],
    }
  },
}

export const usersName = 'users.sql'

interface Dump {
  readonly program: string
  readonly client: MariadbClient
  readonly server: MariadbFacts
  readonly kind: ServerSourceConfig['kind']
  readonly asking: Asking
  readonly place: string
  readonly wanted: Wanted
}

async function choose(config: ServerSourceConfig, asking: Asking) {
  const server = await askMariadbServer(asking, config.kind)
  const wanted = wantedOf(config, asking.connection)
  const present = server.databases.map(({ name }) => name)
  const names = new Set(chooseDatabases(wanted, present))
  return { chosen: server.databases.filter(({ name }) => names.has(name)), server, wanted, present }
}

function dumpDatabase(dump: Dump, { name, charset, collation }: MariadbDatabase): StreamRequest {
  const { program, client } = dump
  // Of MySQL only: positions of its own would be refused by another server.
  const gtid = client.isMariadb ? [] : ['--set-gtid-purged=OFF']
  const rows = new RowCount()
  const stream = streamOf(dump, `${program} of ${name}`)
  const what = ['--single-transaction', '--quick', '--routines', '--events', '--triggers']
  return {
    ...stream,
    check: countingInserts(stream.check, rows),
    name: dumpName(dump.place, dump.wanted, { database: name, extension: 'sql' }),
    argv: [...beginOf(dump), ...what, ...gtid, '--hex-blob', '--', name],
    facts: { ...factsOf(dump), database: name, charset, collation, rows },
  }
}

function dumpUsers(dump: Dump): StreamRequest {
  return {
    ...streamOf(dump, `${dump.program} of users`),
    name: `${dump.place}/${usersName}`,
    // Of a user that is there by then nothing is made, and nothing fails.
    argv: [...beginOf(dump), '--system=users', '--insert-ignore'],
    facts: factsOf(dump),
  }
}

function beginOf({ program }: Dump): string[] {
  const charset = '--default-character-set=utf8mb4'
  // The trailer is a comment; a setting of the machine may have turned comments off.
  return [program, `--defaults-extra-file=${privateFile}`, '--comments', '--dump-date', charset]
}

function streamOf({ asking: { connection } }: Dump, label: string) {
  const trailer = /\n-- Dump completed[^\n]*\s*$/
  const remedy = 'It was cut short: see what ended the server or the connection.'
  return {
    label,
    env: connection.env,
    privateText: connection.privateText ?? '',
    secrets: connection.secrets,
    check: checkTextEnd(label, { trailer, remedy }),
  }
}

function factsOf({ kind, server, client }: Dump): Record<string, string> {
  return { kind, server: server.version, client: client.version }
}

function asRead({ place, wanted }: Dump, { name, loose }: MariadbDatabase): SourceWarning {
  return {
    code: 'without-snapshot',
    path: dumpName(place, wanted, { database: name, extension: 'sql' }),
    message: `${loose} tables have an engine without transactions, and are as they were when they were read`,
  }
}

function withoutUsers(place: string): SourceWarning {
  return {
    code: 'without-users',
    path: place,
    message: 'MySQL has no dump of its users and roles: they are not in the backup',
  }
}

async function findProblems(
  config: ServerSourceConfig,
  asking: Asking,
): Promise<readonly SourceProblem[]> {
  const { chosen, server, wanted, present } = await choose(config, asking)
  const { dump } = mariadbPrograms(config.kind)
  const client = await askMariadbClient(asking, dump)
  const problems = [...findUnknown(wanted, present)]
  if (client.isMariadb === server.isMariadb && client.major < parseInt(server.version, 10)) {
    problems.push({
      code: 'client-too-old',
      message: `${dump} ${client.version} ${asking.runner.place} is older than the server, ${server.version}`,
      remedy: "Install a newer one, or read the source in the server's own container, with via.",
      permanent: true,
    })
  }
  for (const { name } of chosen) problems.push(...(await findForbidden(config, asking, name)))
  return problems
}

/** Asks for no row of each table: what the dump would be refused is refused now. */
async function findForbidden(
  { kind }: ServerSourceConfig,
  asking: Asking,
  database: string,
): Promise<readonly SourceProblem[]> {
  const list = `SELECT concat('SELECT 1 FROM ', q(table_schema), '.', q(table_name), ' LIMIT 0;')
    FROM information_schema.tables WHERE table_schema = ${text(database)} AND table_type = 'BASE TABLE'`
  const quoting = list.replaceAll(/q\((\w+)\)/g, "concat('`', replace($1, '`', '``'), '`')")
  const { stdout: probes } = await runMariadb(asking, kind, ['--raw', '--execute', quoting])
  if (probes === '') return []
  const { stderr } = await runMariadb(asking, kind, ['--force', '--execute', probes])
  const refused = stderr.split('\n').filter((line) => /^ERROR 11(?:42|43)/.test(line))
  if (refused.length === 0) return []
  const tables = refused.map((line) => /for table (.*)$/.exec(line)?.[1] ?? line).slice(0, 20)
  return [
    {
      code: 'forbidden',
      message: `The user may not read all of ${database}: ${tables.join(', ')}`,
      remedy: `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${database}\`.* TO that user.`,
      permanent: true,
    },
  ]
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
