import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

export type SourceErrorCode =
  | 'source-missing'
  | 'source-empty'
  | 'source-unreadable'
  | 'source-failed'
  | 'source-unreachable'
  | 'command-missing'
  | 'command-failed'
  | 'restore-failed'
  | 'target-invalid'
  | 'trailer-missing'
  | 'too-small'
  | 'place-missing'
  | 'place-ambiguous'
  | 'place-unreachable'
  | 'cut-short'
  | 'not-yet'

export class SourceError extends BackstreamError {
  override readonly name = 'SourceError'
  declare readonly code: SourceErrorCode

  constructor(code: SourceErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, options)
  }
}

/** A `SourceError` as it crosses from the reader thread. */
export interface SerializedSourceError {
  readonly code: SourceErrorCode
  readonly message: string
  readonly remedy: string | undefined
  readonly permanent: boolean
}

/** What is not a `SourceError` is a fault of ours or of the system, and may pass. */
export function serializeSourceError(error: unknown): SerializedSourceError {
  if (error instanceof SourceError) {
    const { code, message, remedy, permanent } = error
    return { code, message, remedy, permanent }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { code: 'source-failed', message, remedy: undefined, permanent: false }
}

export function deserializeSourceError(error: SerializedSourceError): SourceError {
  const { code, message, remedy, permanent } = error
  return new SourceError(code, message, { permanent, ...(remedy !== undefined && { remedy }) })
}
