import type { DatabaseSourceConfig } from '@backstream/config'
import type { CommandSourceDeps } from '../command-source.ts'
import type { Source } from '../source.ts'
import { SourceError } from '../source-error.ts'
import { createDatabaseSource } from './database-source.ts'
import { postgresDump } from './postgres-source.ts'

export function openDatabase(config: DatabaseSourceConfig, deps: CommandSourceDeps): Source {
  switch (config.kind) {
    case 'postgres':
      if (config.format === 'physical') throw notYet('A physical backup')
      return createDatabaseSource(postgresDump, config, deps)
    case 'mysql':
    case 'mariadb':
    case 'mongodb':
    case 'redis':
    case 'sqlite':
      throw notYet(`A source of kind ${config.kind}`)
  }
}

function notYet(what: string): SourceError {
  return new SourceError('not-yet', `${what} is not yet in this version`, {
    permanent: true,
    remedy: 'Use a command source until it is.',
  })
}
