import { describeError } from '@backstream/kernel'
import { QueueError } from './queue-error.ts'

/** What ioredis and BullMQ throw, as a `QueueError` that names the server; a `QueueError` as it is. */
export function translateError(error: unknown, address: string): QueueError {
  if (error instanceof QueueError) return error
  const message = describeError(error)
  if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/.test(message)) {
    return new QueueError('refused', `Redis at ${address} refuses: ${message}`, {
      cause: error,
      permanent: true,
      remedy: 'Check the user name and password of `redis` in the configuration.',
    })
  }
  return new QueueError('unreachable', `Redis at ${address}: ${message}`, {
    cause: error,
    remedy: 'See that Redis runs and can be reached from here: `backstream doctor` looks at it.',
  })
}
