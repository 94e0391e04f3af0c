import { describeError } from '@backstream/kernel'
import { QueueError } from './queue-error.ts'

/** What ioredis and BullMQ throw, as a `QueueError` that names the server; a `QueueError` as it is. */
export function translateError(error: unknown, address: string): QueueError {
  if (error instanceof QueueError) return error
  const message = describeError(error)
  if (refusal.test(message)) {
    return new QueueError('refused', `Redis at ${address} refuses: ${message}`, {
      cause: error,
      permanent: true,
      remedy: 'Check the user name and password of `redis` in the configuration.',
    })
  }
  if (isOutage(error)) return unreachable(error, address)
  return new QueueError('failed', `The queue at ${address} failed: ${message}`, { cause: error })
}

/** Of an error while connecting: it stands for an outage unless the server said no. */
export function translateConnectError(error: unknown, address: string): QueueError {
  const translated = translateError(error, address)
  return translated.code === 'failed' ? unreachable(error, address) : translated
}

/** Whether Redis was away, rather than there and unhappy. */
export function isOutage(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  return outage.test(`${typeof code === 'string' ? code : ''} ${describeError(error)}`)
}

const refusal = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/
const outage =
  /ECONN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT|Connection (is closed|lost)|max retries per request|isn't writ(e)?able|Command timed out|no answer|LOADING|All sentinels are unreachable/

function unreachable(error: unknown, address: string): QueueError {
  return new QueueError('unreachable', `Redis at ${address}: ${describeError(error)}`, {
    cause: error,
    remedy: 'See that Redis runs and can be reached from here: `backstream doctor` looks at it.',
  })
}
