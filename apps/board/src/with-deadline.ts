import { BoardError } from './board-error.ts'

/**
 * The promise's outcome, or a `BoardError` `unreachable` after `timeoutMs`. For calls that take no
 * signal: a Redis client waits for its server to come back for as long as that takes.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  what: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new BoardError('unreachable', `${what} took longer than ${timeoutMs / 1000} s`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
