import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/**
 * `truncated`: the bytes end too early. `corrupt`: they contradict themselves. `unsupported`: well
 * formed perhaps, but not what this version reads. `too-large`: beyond a bound that protects memory.
 * `unfinished`: the archive's body was given up before its end, so there is no index.
 */
export type ArchiveErrorCode = 'truncated' | 'corrupt' | 'unsupported' | 'too-large' | 'unfinished'

/** Everything that can be wrong with archive bytes. Permanent: reading them again does not help. */
export class ArchiveError extends BackstreamError {
  override readonly name = 'ArchiveError'
  declare readonly code: ArchiveErrorCode

  constructor(code: ArchiveErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, { permanent: code !== 'unfinished', ...options })
  }
}
