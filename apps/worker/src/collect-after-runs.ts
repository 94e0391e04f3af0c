import { setTimeout as delay } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'

/** By then its threads have ended, and the next run has not begun to move anything. */
const afterMs = 20

export interface CollectingOptions {
  /** The process ends with its run: nothing is collected. */
  readonly isForOneRun: boolean
}

type Collecting = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Wraps what a job does: right after its end what it has dropped is collected, some 100 MiB in few objects, of
 * which the collector sees little by itself, since it takes shared memory for weightless. Else the next run
 * makes it once more before that is gone. Where `--expose-gc` was not said (bin/backstream.js), nothing is.
 */
export function createCollecting({ isForOneRun }: CollectingOptions): Collecting {
  const collect: unknown = isForOneRun ? undefined : runInNewContext('globalThis.gc')
  if (typeof collect !== 'function') return (work) => work()
  let isDue = false
  const collectSoon = async (): Promise<void> => {
    if (isDue) return
    isDue = true
    await delay(afterMs, undefined, { ref: false })
    isDue = false
    collect()
  }
  return async (work) => {
    try {
      return await work()
    } finally {
      void collectSoon()
    }
  }
}
