import { BackstreamError, describeError } from '@backstream/kernel'

/**
 * What the log holds of an error. Foreign errors carry requests, commands and headers in their own
 * fields (a Redis error holds the arguments of the command, AUTH too): none of that is written.
 */
export function describeLoggedError(
  error: unknown,
  { withStack }: { readonly withStack: boolean },
): unknown {
  if (!(error instanceof Error)) return error
  const code = (error as { code?: unknown }).code
  return {
    type: error.name,
    message: describeError(error),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error instanceof BackstreamError && error.remedy !== undefined
      ? { remedy: error.remedy }
      : {}),
    ...(error instanceof AggregateError
      ? { errors: error.errors.map((one) => describeLoggedError(one, { withStack })) }
      : {}),
    ...(withStack ? { stack: error.stack } : {}),
  }
}
