import type { Running } from './runner.ts'

export interface AbortWatch {
  /** Rejects with the signal's reason; never fulfils. */
  readonly rejection: Promise<never>
  dispose(): void
}

/** Makes a command's output fail at once when the signal is aborted. */
export function watchAbort(signal: AbortSignal, command: Running): AbortWatch {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // it matters only where it is raced
  const onAbort = (): void => {
    command.fail(signal.reason)
    reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return { rejection: promise, dispose: () => signal.removeEventListener('abort', onAbort) }
}
