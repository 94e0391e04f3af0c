import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop was, in milliseconds, since the watch began or was last reset. */
export interface EventLoopLag {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface EventLoopWatch extends Disposable {
  lag(): EventLoopLag
  reset(): void
}

const resolutionMs = 10

export function watchEventLoop(): EventLoopWatch {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  // The histogram holds the time between two ticks of its timer, its own interval included.
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs)
  return {
    lag: () => ({
      p50Ms: late(histogram.percentile(50)),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(histogram.max),
    }),
    reset: () => histogram.reset(),
    [Symbol.dispose]: () => void histogram.disable(),
  }
}
