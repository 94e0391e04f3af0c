import type { Clock } from '@backstream/kernel'
import { atMost } from '../at-most.ts'

/** Keeps something read: in the background for as long as anybody looks, at once for whoever waits. */
export interface Refresher {
  /** Resolves once what was read is younger than `maxAgeMs`, at the latest after `waitMs`. */
  fresh(want: { readonly maxAgeMs: number; readonly waitMs: number }): Promise<void>
  /** Reads again, after the reading under way if there is one. */
  again(): Promise<void>
  stop(): Promise<void>
}

export interface RefresherOptions {
  readonly clock: Clock
  /** Must not reject: what goes wrong is part of what is known. */
  readonly read: () => Promise<void>
  readonly everyMs: number
}

/** Reading takes at most this part of the time, however large the installation. */
const dutyCycle = 1 / 20
/** Nobody has looked for so long: from then on it is read less often. */
const idleAfterMs = 5 * 60_000
const idleFactor = 10
/** The very first look is worth waiting for. */
const firstWaitMs = 5_000

export function createRefresher({ clock, read, everyMs }: RefresherOptions): Refresher {
  let reading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let readAtMs: number | undefined
  let askedAtMs = clock.monotonicMs()

  function start(): Promise<void> {
    reading ??= run().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function run(): Promise<void> {
    clearTimeout(timer)
    const startedMs = clock.monotonicMs()
    await read()
    readAtMs = clock.monotonicMs()
    if (isStopped) return
    const isIdle = readAtMs - askedAtMs > idleAfterMs
    const pauseMs = Math.max(everyMs, (readAtMs - startedMs) / dutyCycle)
    timer = setTimeout(() => void start(), isIdle ? pauseMs * idleFactor : pauseMs).unref()
  }

  return {
    async fresh({ maxAgeMs, waitMs }) {
      askedAtMs = clock.monotonicMs()
      if (isStopped || (readAtMs !== undefined && askedAtMs - readAtMs <= maxAgeMs)) return
      await atMost(start(), readAtMs === undefined ? Math.max(waitMs, firstWaitMs) : waitMs)
    },
    async again() {
      await reading
      await start()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await reading
    },
  }
}
