import { formatBytes, type ServerSourceConfig } from '@backstream/config'
import type { SourceProblem } from '../source.ts'
import type { DatabaseKind } from './database-kind.ts'
import { openPostgresConnection } from './postgres-connection.ts'
import { askPostgres, askPostgresVersion, askServer, describeServer } from './postgres-facts.ts'
import { findOldClient, quoted } from './postgres-preflight.ts'
import { checkTarEnd } from './tar-end-check.ts'

const spacesQuery = `SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')`
const bytesQuery = 'SELECT sum(pg_database_size(oid)) FROM pg_database'

/** The files of a whole PostgreSQL server with the log that makes them consistent, by pg_basebackup. */
export const postgresPhysical: DatabaseKind<ServerSourceConfig> = {
  programs: () => ['psql', 'pg_basebackup'],
  connect: openPostgresConnection,
  async findProblems(_config, asking) {
    const server = await askServer(asking)
    const problems: SourceProblem[] = [
      ...(await findOldClient(asking, { program: 'pg_basebackup', server })),
    ]
    if (!server.replicates) {
      problems.push({
        code: 'forbidden',
        message: `The user ${server.user} may not read the files of the server`,
        remedy: `ALTER ROLE ${quoted(server.user)} REPLICATION;`,
        permanent: true,
      })
    }
    const spaces = await askPostgres(asking, { database: 'postgres', sql: spacesQuery })
    if (spaces !== '0') {
      problems.push({
        code: 'source-unreadable',
        message: 'The server has tablespaces, of which pg_basebackup makes more than one stream',
        remedy: 'Leave format: physical out, for a dump of each database.',
        permanent: true,
      })
    }
    return problems
  },
  async estimate(_config, asking) {
    const bytes = await askPostgres(asking, { database: 'postgres', sql: bytesQuery })
    return { bytes: Number(bytes), entries: 1 }
  },
  async describe(_config, asking) {
    const server = await askServer(asking)
    const client = await askPostgresVersion(asking, 'pg_basebackup')
    const bytes = Number(await askPostgres(asking, { database: 'postgres', sql: bytesQuery }))
    return `${describeServer(server)}; pg_basebackup ${client.text}; ${formatBytes(bytes)}, its files readable as ${server.user}`
  },
  async plan(_config, asking, place) {
    const { connection } = asking
    const server = await askServer(asking)
    const client = await askPostgresVersion(asking, 'pg_basebackup')
    const label = 'pg_basebackup'
    return {
      streams: [
        {
          name: place,
          label,
          argv: [
            ...['pg_basebackup', '--pgdata=-', '--format=tar', '--wal-method=fetch'],
            ...['--checkpoint=fast', '--no-password'],
          ],
          env: connection.env,
          secrets: connection.secrets,
          check: checkTarEnd(label),
          facts: {
            kind: 'postgres',
            form: 'physical',
            server: server.versionText,
            client: client.text,
          },
        },
      ],
      consistency: 'one moment (the files of the server and its log up to then)',
    }
  },
}
