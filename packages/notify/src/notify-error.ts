import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/**
 * `unreachable`: nobody answered, or not in time. `rejected`: somebody answered, and not with yes.
 * `command-failed`: the command did not end well. `misconfigured`: what the configuration says cannot
 * be used as it is.
 */
export type NotifyErrorCode = 'unreachable' | 'rejected' | 'command-failed' | 'misconfigured'

/**
 * Why somebody could not be told. Names the notifier, never its address: that is a secret, and what
 * libraries put into their messages may hold it, so that no cause is kept.
 */
export class NotifyError extends BackstreamError {
  override readonly name = 'NotifyError'
  declare readonly code: NotifyErrorCode

  constructor(
    code: NotifyErrorCode,
    message: string,
    options: Omit<BackstreamErrorOptions, 'cause'> = {},
  ) {
    super(code, message, options)
  }
}

/** The system's short name of an error, such as `ECONNREFUSED`; '' for one that has none. */
export function systemCodeOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const { code } = at as NodeJS.ErrnoException
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code
  }
  return ''
}
