import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

export type ServerErrorCode = 'bad-option' | 'connection-cut'

/** The server cannot start, or a fault ended a connection; never sent to a client. */
export class ServerError extends BackstreamError {
  override readonly name = 'ServerError'
  declare readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, { permanent: true, ...options })
  }
}
