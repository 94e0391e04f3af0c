/**
 * Loaded into the measured process by `node --import`: watches its event loop and memory from its
 * first request to the store on, and writes what it saw to the file `BENCH_PROBE_FILE` at the end. The
 * program itself knows nothing of it. Threads, which load it too, are not watched.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

export interface ProbeReport {
  /** How late the event loop was, in milliseconds. */
  readonly lag: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }
  /** The most there was of each at any time, in bytes. */
  readonly memory: Readonly<Record<string, number>>
}

const resolutionMs = 10
const channel = 'http.client.request.start'

function begin(file: string): void {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  const memory: Record<string, number> = {}
  const look = (): void => {
    for (const [kind, bytes] of Object.entries(process.memoryUsage())) {
      memory[kind] = Math.max(memory[kind] ?? 0, bytes)
    }
  }
  // The histogram holds the time between two ticks of its timer, its own interval included.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs)
  histogram.enable()
  setInterval(look, 100).unref()
  process.on('exit', () => {
    const lag = {
      p50Ms: late(histogram.percentile(50)),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(histogram.max),
    }
    const report: ProbeReport = { lag, memory }
    writeFileSync(file, JSON.stringify(report))
  })
}

const file = process.env['BENCH_PROBE_FILE']
if (isMainThread && file !== undefined) {
  const onFirst = (): void => {
    unsubscribe(channel, onFirst)
    begin(file)
  }
  subscribe(channel, onFirst)
}
