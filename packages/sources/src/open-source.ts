import type { SecretRef, SourceConfig } from '@backstream/config'
import { createDirectorySource } from './directory-source.ts'
import type { Source } from './source.ts'
import { SourceError } from './source-error.ts'

export interface OpenSourceDeps {
  readonly resolveSecret: (ref: SecretRef) => Promise<string>
}

/** The source a configuration describes; nothing is read or started yet. */
export async function openSource(config: SourceConfig, _deps: OpenSourceDeps): Promise<Source> {
  if (config.kind === 'directory') return createDirectorySource(config)
  throw new SourceError('not-yet', `Sources of kind ${config.kind} are not yet in this version`, {
    permanent: true,
    remedy: 'Use a directory, or a later version.',
  })
}
