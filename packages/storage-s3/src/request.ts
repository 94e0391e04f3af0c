import { type TranslateContext, translateError } from './translate-error.ts'

export interface RequestContext extends TranslateContext {
  readonly signal?: AbortSignal | undefined
}

/**
 * The one way a request leaves this package: the signal goes with it, and what comes back as an
 * error is a `StorageError`, or the signal's own reason.
 */
export async function request<T>(
  context: RequestContext,
  send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  const { signal } = context
  signal?.throwIfAborted()
  try {
    return await send(signal ? { abortSignal: signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw translateError(error, context)
  }
}
