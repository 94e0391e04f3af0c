import type { SourceConfig } from '@backstream/config'
import { type CommandSourceDeps, createCommandSource } from './command-source.ts'
import { createDirectorySource } from './directory-source.ts'
import { openRunner } from './runners/open-runner.ts'
import type { Source } from './source.ts'
import { SourceError } from './source-error.ts'

/** What sources need from outside; none is touched before the source is read. */
export type SourceDeps = CommandSourceDeps

/** The source that a plan's configuration describes; throws `not-yet` for a kind that is to come. */
export function openSource(config: SourceConfig, deps: SourceDeps): Source {
  switch (config.kind) {
    case 'directory':
      // Refuses a `via`, until there is a way to read a directory through one.
      openRunner(config.via, deps)
      return createDirectorySource(config)
    case 'command':
      return createCommandSource(config, deps)
    case 'postgres':
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
    remedy: 'Use a directory or a command source until it is.',
  })
}
