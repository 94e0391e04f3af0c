import { BackstreamError, type BackstreamErrorOptions } from '@backstream/kernel'

export type QueueErrorCode =
  /** Redis does not answer, or answered no more. Whether a command was carried out is unknown. */
  | 'unreachable'
  /** Redis answers, and refuses: a wrong password, a forbidden command. */
  | 'refused'
  | 'invalid-payload'
  | 'unknown-job'
  | 'unknown-plan'
  | 'unknown-notifier'
  | 'no-such-run'
  /** What was asked for is possible in another state of the run only. */
  | 'wrong-state'
  | 'crashed'
  /** The run was taken away from this worker: it must stop and commit nothing. */
  | 'run-lost'
  | 'lease-lost'
  /** The worker is closing: the run goes back to the queue. */
  | 'handed-back'
  /** It cannot begin now, or not here: it waits without using up an attempt. */
  | 'put-back'
  /** Somebody wants the run to end; the message says who. */
  | 'cancelled'
  /** The attempt took longer than its plan allows. */
  | 'timed-out'
  | 'blocked'
  /** Anything else; the cause says what. */
  | 'failed'

/** Every error of this package. */
export class QueueError extends BackstreamError {
  override readonly name = 'QueueError'
  declare readonly code: QueueErrorCode

  constructor(code: QueueErrorCode, message: string, options: BackstreamErrorOptions = {}) {
    super(code, message, options)
  }
}
