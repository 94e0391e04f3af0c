import type {
  CommandSourceConfig,
  ServerSourceConfig,
  SourceConfig,
  SqliteSourceConfig,
} from '@backstream/config'
import type { CommandSourceDeps } from '../command-source.ts'
import { connectCommand, createCommandTarget } from '../command-target.ts'
import { openRunner } from '../runners/open-runner.ts'
import { SourceError } from '../source-error.ts'
import type { Asking, Connection, DatabaseKind } from './database-kind.ts'
import { openMariadbConnection } from './mariadb-connection.ts'
import { createMariadbTarget } from './mariadb-target.ts'
import { openMongoConnection } from './mongodb-source.ts'
import { createMongoTarget } from './mongodb-target.ts'
import { openPostgresConnection } from './postgres-connection.ts'
import { createPostgresTarget } from './postgres-target.ts'
import { createRedisTarget } from './redis-target.ts'
import type { RestoreTarget } from './restore-target.ts'
import { sqliteFile } from './sqlite-source.ts'
import { createSqliteTarget } from './sqlite-target.ts'

export interface TargetDeps extends CommandSourceDeps {
  /** A person at a terminal: what the client finds in its own variables counts too. */
  readonly isInteractive?: boolean
}

/** What a restore into a source goes through; throws where there is no way back into it. */
export function openTarget(config: SourceConfig, deps: TargetDeps): RestoreTarget {
  const runner = openRunner(config.via, deps)
  const asker =
    <C extends SourceConfig>(connect: DatabaseKind<C>['connect'], source: C) =>
    async (signal: AbortSignal): Promise<Asking> => {
      const connection = await connect(source, (ref) => deps.resolveSecret(ref))
      return { runner, connection: withOwnVariables(connection, source.kind, deps), signal }
    }
  switch (config.kind) {
    case 'postgres':
      return createPostgresTarget(config, asker<ServerSourceConfig>(openPostgresConnection, config))
    case 'mysql':
    case 'mariadb':
      return createMariadbTarget(config, asker<ServerSourceConfig>(openMariadbConnection, config))
    case 'mongodb':
      return createMongoTarget(asker<ServerSourceConfig>(openMongoConnection, config))
    case 'redis':
      return createRedisTarget()
    case 'sqlite':
      return createSqliteTarget(config, asker<SqliteSourceConfig>(sqliteFile.connect, config))
    case 'command':
      return createCommandTarget(config, asker<CommandSourceConfig>(connectCommand, config))
    default:
      throw new SourceError('not-yet', `Nothing can be restored into a ${config.kind} source yet`, {
        permanent: true,
        remedy: 'Restore into a directory, with --to.',
      })
  }
}

/** What clients read their settings and passwords from. */
const ownVariables: Readonly<Record<string, RegExp>> = {
  postgres: /^PG[A-Z]+$/,
  mysql: /^MYSQL_(?:PWD|HOST|TCP_PORT|UNIX_PORT)$/,
  mariadb: /^MYSQL_(?:PWD|HOST|TCP_PORT|UNIX_PORT)$/,
  redis: /^REDISCLI_AUTH$/,
}

function withOwnVariables(
  connection: Connection,
  kind: SourceConfig['kind'],
  { environment = {}, isInteractive = false }: TargetDeps,
): Connection {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (isInteractive && value && ownVariables[kind]?.test(name)) own[name] = value
  }
  const passwords = Object.entries(own).filter(([name]) => /PASSWORD|PWD|AUTH/.test(name))
  return {
    ...connection,
    env: { ...own, ...connection.env },
    secrets: [...connection.secrets, ...passwords.map(([, value]) => value)],
  }
}
