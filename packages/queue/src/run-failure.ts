import { BackstreamError, describeError } from '@backstream/kernel'
import { UnrecoverableError } from 'bullmq'

const longestReason = 2000

/**
 * What is thrown to BullMQ for a failed attempt: its message becomes the run's failed reason, in words
 * and with the remedy. A permanent error is not tried again.
 */
export function runFailure(error: unknown): Error {
  const reason = failedReasonOf(error)
  if (error instanceof BackstreamError && error.permanent) {
    return keepStack(new UnrecoverableError(reason), error)
  }
  return keepStack(new Error(reason, { cause: error }), error)
}

export function failedReasonOf(error: unknown): string {
  const said = describeError(error).trim() || 'failed without saying why'
  const remedy = error instanceof BackstreamError ? error.remedy : undefined
  const sentence =
    remedy === undefined ? said : `${said}${/[.!?]$/.test(said) ? '' : '.'} ${remedy}`
  return sentence.length > longestReason ? `${sentence.slice(0, longestReason)} …` : sentence
}

/** The place that failed, not this one, is what the board should show. */
function keepStack(failure: Error, error: unknown): Error {
  if (error instanceof Error && error.stack) failure.stack = error.stack
  return failure
}
