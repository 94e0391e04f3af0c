import type { DatabaseSourceConfig } from '@backstream/config'
import type { CommandSourceDeps } from '../command-source.ts'
import { createDatabaseSource, type DatabaseSource } from './database-source.ts'
import { mariadbDump } from './mariadb-source.ts'
import { mongodbDump } from './mongodb-source.ts'
import { postgresPhysical } from './postgres-physical.ts'
import { postgresDump } from './postgres-source.ts'
import { redisDump } from './redis-source.ts'
import { sqliteFile } from './sqlite-source.ts'

export function openDatabase(
  config: DatabaseSourceConfig,
  deps: CommandSourceDeps,
): DatabaseSource {
  switch (config.kind) {
    case 'postgres': {
      const kind = config.format === 'physical' ? postgresPhysical : postgresDump
      return createDatabaseSource(kind, config, deps)
    }
    case 'mysql':
    case 'mariadb':
      return createDatabaseSource(mariadbDump, config, deps)
    case 'mongodb':
      return createDatabaseSource(mongodbDump, config, deps)
    case 'redis':
      return createDatabaseSource(redisDump, config, deps)
    case 'sqlite':
      return createDatabaseSource(sqliteFile, config, deps)
  }
}
