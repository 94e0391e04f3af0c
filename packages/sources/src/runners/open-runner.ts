import type { SourceConfig } from '@backstream/config'
import { SourceError } from '../source-error.ts'
import { createLocalRunner, type RunnerDeps } from './local-runner.ts'
import type { Runner } from './runner.ts'

/** The runner that `via` of a source names; without one, commands run on this machine. */
export function openRunner(via: SourceConfig['via'], deps: RunnerDeps): Runner {
  if (via === null) return createLocalRunner(deps)
  const way = Object.keys(via).join(', ')
  throw new SourceError('not-yet', `Reading a source via ${way} is not yet in this version`, {
    permanent: true,
    remedy: 'Run a worker where the source is, and name it in runsOn.',
  })
}
