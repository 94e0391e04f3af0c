import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess, temporaryDirectory } from '@backstream/testkit'
import { readTreeMemory } from './process-tree.ts'

export interface Command {
  /** A line for `sh -c`; `$1` and so on are `args`. */
  readonly script: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Measurement {
  readonly wallSeconds: number
  /** User and system time of the command and everything it started. */
  readonly cpuSeconds: number
  /** Of the whole tree of processes, seen every 50 ms. */
  readonly peakRssBytes: number
  readonly stdout: string
}

const sampleMs = 50

/** Runs a command to its end, which must be a good one, and measures all of its processes. */
export async function measureCommand(command: Command, signal: AbortSignal): Promise<Measurement> {
  await using folder = await temporaryDirectory('bench-times')
  signal.throwIfAborted()
  const times = join(folder.path, 'times')
  // `times` tells the shell's own CPU time and that of all it has waited for.
  const script = `( ${command.script} ); status=$?; times >'${times}'; exit $status`
  const startedAt = performance.now()
  const started = startProcess({
    command: '/bin/sh',
    args: ['-c', script, 'bench', ...command.args],
    env: command.env,
  })
  // It leads a process group of its own; the signal is for all of it.
  const onAbort = (): void => void process.kill(-started.pid, 'SIGTERM')
  signal.addEventListener('abort', onAbort, { once: true })
  const peak = watchPeak(started.pid)
  const { code } = await started.exited
  const wallSeconds = (performance.now() - startedAt) / 1000
  signal.removeEventListener('abort', onAbort)
  const peakRssBytes = peak.stop()
  signal.throwIfAborted()
  if (code !== 0)
    throw new Error(
      `${command.script}\nended with ${code}:\n${started.stdout()}${started.stderr()}`,
    )
  const cpuSeconds = sumTimes(readFileSync(times, 'latin1'))
  return { wallSeconds, cpuSeconds, peakRssBytes, stdout: started.stdout() }
}

function watchPeak(pid: number): { stop(): number } {
  let peak = 0
  const look = (): void => {
    const { rssBytes, largestPeakBytes } = readTreeMemory(pid)
    peak = Math.max(peak, rssBytes, largestPeakBytes)
  }
  const timer = setInterval(look, sampleMs)
  return {
    stop() {
      clearInterval(timer)
      return peak
    },
  }
}

/** Two lines of `1m2.345s 0m0.678s`: of the shell, and of its children. */
function sumTimes(text: string): number {
  const spans = [...text.matchAll(/(\d+)m([\d.]+)s/g)]
  if (spans.length !== 4) throw new Error(`the shell's times are not understood: ${text}`)
  return spans.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  )
}
