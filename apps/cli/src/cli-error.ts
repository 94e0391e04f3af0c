import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/**
 * What the command line itself has to say.
 *
 * `usage`: it cannot be understood. `not-yet`: a later version will. `refused`: understood, but too
 * dangerous without more words. `no-such-plan`, `no-such-path`, `no-such-run`: nothing of that name. `failed`: what
 * was asked for was tried and did not succeed. `incomplete`: it was done, but not all of it.
 * `timeout`, `interrupted`: given up waiting.
 */
export type CliErrorCode =
  | 'usage'
  | 'not-yet'
  | 'refused'
  | 'no-such-plan'
  | 'no-such-path'
  | 'no-such-run'
  | 'failed'
  | 'incomplete'
  | 'timeout'
  | 'interrupted'
  | 'terminated'

export class CliError extends BackstreamError {
  override readonly name = 'CliError'
  declare readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, { permanent: true, ...options })
  }
}

export function notYet(what: string): CliError {
  return new CliError('not-yet', `${what} is not yet in this version`, {
    remedy: '`backstream --help` shows what there is.',
  })
}
