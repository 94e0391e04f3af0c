import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitForOptions {
  /** Default 10 seconds. A bound against hanging, never an assertion about speed. */
  readonly timeoutMs?: number
  /** What is waited for, in words, for the error. */
  readonly what: string
}

/** Resolves with the first value of `condition` that is not false, null or undefined. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions,
): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const deadline = performance.now() + timeoutMs
  for (let pauseMs = 5; ; pauseMs = Math.min(100, pauseMs * 1.5)) {
    const value = await condition()
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<Awaited<T>, false | null | undefined>
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${options.what}`)
    }
    await sleep(pauseMs)
  }
}
