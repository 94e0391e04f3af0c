import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/** `usage`: an environment variable holds what it must not. `shutdown`: a phase failed or overran. */
export type RuntimeErrorCode = 'usage' | 'shutdown'

export class RuntimeError extends BackstreamError {
  override readonly name = 'RuntimeError'
  declare readonly code: RuntimeErrorCode

  constructor(code: RuntimeErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, { permanent: true, ...options })
  }
}
