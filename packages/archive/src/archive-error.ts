import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/**
 * `truncated`: the bytes end too early. `corrupt`: they contradict themselves. `unsupported`: well
 * formed perhaps, but not what this version reads. `too-large`: beyond a bound that protects memory.
 * `unfinished`: the archive's body was given up before its end, so there is no index.
 *
 * Of encryption: `recipient-invalid` and `identity-invalid`: text that is no key. `identity-wrong`:
 * keys, but none of those it was encrypted to. `header-damaged`: what says who can decrypt is not
 * what was written. `chunk-damaged`: the content is not.
 */
export type ArchiveErrorCode =
  | 'truncated'
  | 'corrupt'
  | 'unsupported'
  | 'too-large'
  | 'unfinished'
  | 'recipient-invalid'
  | 'identity-invalid'
  | 'identity-wrong'
  | 'header-damaged'
  | 'chunk-damaged'

/** Everything that can be wrong with archive bytes. Permanent: reading them again does not help. */
export class ArchiveError extends BackstreamError {
  override readonly name = 'ArchiveError'
  declare readonly code: ArchiveErrorCode

  constructor(code: ArchiveErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, { permanent: code !== 'unfinished', ...options })
  }
}
