import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

/** Text that is not the value it should be: a duration, a size, a cron expression, a time zone. */
export class ValueError extends BackstreamError {
  override readonly name: string = 'ValueError'
  declare readonly code: 'value-invalid'

  constructor(message: string, options: BackstreamErrorOptions = {}) {
    super('value-invalid', message, { ...options, permanent: true })
  }
}
