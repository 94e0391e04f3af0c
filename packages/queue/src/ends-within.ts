import { setTimeout as sleep } from 'node:timers/promises'

/** Whether `done` is settled after `ms` at the latest. Rejects as it does; what is late goes on unseen. */
export async function endsWithin(done: PromiseLike<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    timer.abort()
  }
}
