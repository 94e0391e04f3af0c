import { BackstreamError } from '@backstream/kernel'

/** The ends a command can have; scripts rely on them. */
export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  refused: 4,
  notFound: 5,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const

/** By the error's code, over all packages; what is not here is a failure. */
const statusByCode: Readonly<Record<string, number>> = {
  usage: exitStatus.usage,
  'not-yet': exitStatus.usage,
  'config-invalid': exitStatus.usage,
  'config-not-found': exitStatus.usage,
  'config-unreadable': exitStatus.usage,
  'secret-missing': exitStatus.usage,
  'secret-unreadable': exitStatus.usage,
  'value-invalid': exitStatus.usage,
  'target-invalid': exitStatus.usage,
  'identity-invalid': exitStatus.usage,
  encrypted: exitStatus.usage,
  'ambiguous-backup': exitStatus.usage,
  refused: exitStatus.refused,
  'foreign-prefix': exitStatus.refused,
  'backup-refuted': exitStatus.refused,
  'restore-target': exitStatus.refused,
  'no-such-plan': exitStatus.notFound,
  'no-such-path': exitStatus.notFound,
  'no-such-run': exitStatus.notFound,
  'no-such-backup': exitStatus.notFound,
  incomplete: exitStatus.incomplete,
  timeout: exitStatus.failed,
  interrupted: exitStatus.interrupted,
  terminated: exitStatus.terminated,
}

export function exitStatusOf(error: unknown): number {
  if (!(error instanceof BackstreamError)) return exitStatus.failed
  // A store that does not answer in time has the same code as `--timeout`, but is a failure.
  if (error.name === 'CliError' && error.code === 'timeout') return exitStatus.timeout
  return statusByCode[error.code] ?? exitStatus.failed
}
