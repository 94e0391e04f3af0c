import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

export type BoardErrorCode = 'usage' | 'listen' | 'refused' | 'unreachable'

/** `statusCode` is what a browser is answered when the error ends a request. */
export class BoardError extends BackstreamError {
  override readonly name = 'BoardError'
  declare readonly code: BoardErrorCode
  readonly statusCode: number

  constructor(
    code: BoardErrorCode,
    message: string,
    options: BackstreamErrorOptions & { readonly statusCode?: number } = {},
  ) {
    super(code, message, options)
    this.statusCode = options.statusCode ?? 500
  }
}
