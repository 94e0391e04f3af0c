/** Gives up what stands still for too long, and passes the caller's own abort on. */
export interface IdleWatch {
  /** Aborted by the caller, with the caller's reason, or by standing still. */
  readonly signal: AbortSignal
  /** From now on something is waited for. */
  expect(): void
  /** It came, or nobody is asking: time does not count. */
  rest(): void
  /** Lets go of the timer and of the caller's signal. */
  close(): void
}

export interface IdleWatchOptions {
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly timeoutError: () => Error
}

export function openIdleWatch(options: IdleWatchOptions): IdleWatch {
  const { idleTimeoutMs, signal, timeoutError } = options
  const controller = new AbortController()
  const passOn = () => controller.abort(signal?.reason)
  let timer: NodeJS.Timeout | undefined
  if (signal?.aborted) passOn()
  signal?.addEventListener('abort', passOn, { once: true })
  const rest = () => clearTimeout(timer)
  return {
    signal: controller.signal,
    expect() {
      rest()
      timer = setTimeout(() => controller.abort(timeoutError()), idleTimeoutMs)
    },
    rest,
    close() {
      rest()
      signal?.removeEventListener('abort', passOn)
    },
  }
}
