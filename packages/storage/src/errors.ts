import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/**
 * What a store can answer, independent of the provider.
 *
 * `already-exists`: a conditional put found an object. `unknown-outcome`: the request may or may
 * not have taken effect (5xx, timeout or cut connection after the body was sent): read back before
 * deciding. `unsupported`: the provider does not offer this.
 */
export type StorageErrorCode =
  | 'not-found'
  | 'no-such-bucket'
  | 'no-such-upload'
  | 'already-exists'
  | 'access-denied'
  | 'bad-credentials'
  | 'throttled'
  | 'unavailable'
  | 'unknown-outcome'
  | 'timeout'
  | 'network'
  | 'corrupt'
  | 'locked'
  | 'unsupported'
  | 'invalid-request'

export interface StorageErrorOptions extends BackstreamErrorOptions {
  /** The provider's own code and request id, for the log. */
  readonly providerCode?: string
  readonly requestId?: string
  readonly httpStatus?: number
  /** How long the store asks to be left alone (`Retry-After`). */
  readonly retryAfterMs?: number
}

const permanentCodes: ReadonlySet<StorageErrorCode> = new Set([
  'no-such-bucket',
  'access-denied',
  'bad-credentials',
  'locked',
  'unsupported',
  'invalid-request',
])

export class StorageError extends BackstreamError {
  override readonly name = 'StorageError'
  declare readonly code: StorageErrorCode
  readonly providerCode: string | undefined
  readonly requestId: string | undefined
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(code, message, { permanent: permanentCodes.has(code), ...options })
    this.providerCode = options.providerCode
    this.requestId = options.requestId
    this.httpStatus = options.httpStatus
    this.retryAfterMs = options.retryAfterMs
  }
}

export function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError {
  return error instanceof StorageError && (code === undefined || error.code === code)
}
