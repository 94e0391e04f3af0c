import { setTimeout as sleep } from 'node:timers/promises'

export interface Turns {
  /** Resolves when the step was run, or left out. A step must not reject. */
  run(step: () => Promise<void>): Promise<void>
  /** No step begins after this. Resolves when the one under way has ended, or takes too long. */
  close(withinMs: number): Promise<void>
}

/** Runs one step at a time, in the order in which they were asked for. */
export function takeTurns(): Turns {
  let isClosed = false
  let work: Promise<void> = Promise.resolve()
  return {
    run(step) {
      work = work.then(() => (isClosed ? undefined : step()))
      return work
    },
    async close(withinMs) {
      isClosed = true
      await Promise.race([work, sleep(withinMs, undefined, { ref: false })])
    },
  }
}
