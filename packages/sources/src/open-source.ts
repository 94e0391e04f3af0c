import type { SourceConfig } from '@backstream/config'
import { type CommandSourceDeps, createCommandSource } from './command-source.ts'
import { openDatabase } from './databases/open-database.ts'
import { createDirectorySource } from './directory-source.ts'
import { withKnownProblems } from './known-problems.ts'
import { createRemoteDirectorySource } from './remote-directory-source.ts'
import { openRunner } from './runners/open-runner.ts'
import type { Source } from './source.ts'

/** What sources need from outside; none is touched before the source is read. */
export type SourceDeps = CommandSourceDeps

/** The source that a plan's configuration describes; throws `not-yet` for one that is to come. */
export function openSource(config: SourceConfig, deps: SourceDeps): Source {
  const source = createSource(config, deps)
  return config.via === null ? source : withKnownProblems(source)
}

/** What is known of a database that can be read, for a person; null for what tells nothing of itself. */
export async function describeSource(
  config: SourceConfig,
  deps: SourceDeps,
  signal: AbortSignal,
): Promise<string | null> {
  if (config.kind === 'directory' || config.kind === 'command') return null
  return await openDatabase(config, deps).describe(signal)
}

function createSource(config: SourceConfig, deps: SourceDeps): Source {
  switch (config.kind) {
    case 'directory':
      if (config.via === null) return createDirectorySource(config)
      return createRemoteDirectorySource(config, { runner: openRunner(config.via, deps) })
    case 'command':
      return createCommandSource(config, deps)
    default:
      return openDatabase(config, deps)
  }
}
