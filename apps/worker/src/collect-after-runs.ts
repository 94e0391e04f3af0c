import { setTimeout as delay } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'

/** Its threads and connections have ended by then; a process that is there for one run has, too. */
const afterMs = 1_000

/**
 * Wraps what a job does: soon after its end what it has dropped is collected, some 100 MiB in few objects, of
 * which the collector sees little by itself, since it takes shared memory for weightless. Else the next run
 * makes it once more before that is gone. Where `--expose-gc` was not said (bin/backstream.js), nothing is.
 */
export function createCollecting(): <T>(work: () => Promise<T>) => Promise<T> {
  const collect: unknown = runInNewContext('globalThis.gc')
  if (typeof collect !== 'function') return (work) => work()
  const collectSoon = async (): Promise<void> => {
    await delay(afterMs, undefined, { ref: false })
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
