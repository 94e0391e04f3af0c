import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { waitFor } from './wait-for.ts'

export interface StartProcessOptions {
  readonly command: string
  readonly args?: readonly string[]
  readonly cwd?: string
  /** The whole environment of the child; the parent's when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void
}

export interface ProcessExit {
  /** The exit status, or 128 plus the signal's number, as a shell has it. */
  readonly code: number
  readonly signal: NodeJS.Signals | null
}

export interface StartedProcess extends AsyncDisposable {
  readonly pid: number
  /** Resolves when the process is gone and its output read; never rejects. */
  readonly exited: Promise<ProcessExit>
  isRunning(): boolean
  /** What it has written so far, the last megabyte of each stream. */
  stdout(): string
  stderr(): string
  /** Does nothing when the process is gone. */
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL when it is still there after `graceMs` (10 seconds). */
  stop(graceMs?: number): Promise<ProcessExit>
  /** The match, once stdout or stderr holds one; rejects if the process ends without it. */
  waitForOutput(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
}

/**
 * Starts a program that cannot outlive this process, however this process ends.
 *
 * Before the shell becomes the program it leaves a watcher behind that reads from a pipe held here:
 * when the pipe closes without a word, because this process was killed, the watcher ends the
 * program. The program is in a session of its own, so that Ctrl-C reaches only who started it. Its
 * standard input is empty.
 */
export function startProcess(options: StartProcessOptions): StartedProcess {
  const args = ['-c', tether, 'tether', options.command, ...(options.args ?? [])]
  const child = spawn('/bin/sh', args, {
    cwd: options.cwd,
    env: { ...(options.env ?? process.env) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw new Error('/bin/sh could not be started')
  const output = collectOutput(child, options)
  const exited = waitForEnd(child)

  function signal(name: NodeJS.Signals): void {
    child.kill(name)
  }

  async function stop(graceMs = 10_000): Promise<ProcessExit> {
    signal('SIGTERM')
    // A stopped process acts on SIGTERM only when it goes on.
    signal('SIGCONT')
    const timer = setTimeout(() => signal('SIGKILL'), graceMs)
    const exit = await exited
    clearTimeout(timer)
    return exit
  }

  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid,
    exited,
    isRunning,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    signal,
    stop,
    waitForOutput: (pattern, timeoutMs = 30_000) =>
      waitFor(
        () => {
          const hasEnded = !isRunning()
          const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
          if (match === null && hasEnded) {
            throw new Error(`${options.command} ended without ${pattern}:\n${output.stderr}`)
          }
          return match
        },
        { timeoutMs, what: `${pattern} in the output of ${options.command}` },
      ),
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

const tether = `
( read -r _ <&3 && exit; kill -TERM $$; sleep 5; kill -KILL $$ ) >/dev/null 2>&1 &
exec "$@" 3<&-
`

function collectOutput(
  child: ChildProcess,
  options: StartProcessOptions,
): { readonly stdout: string; readonly stderr: string } {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-1_048_576)
      options.onOutput?.(text, name)
    })
  }
  return output
}

function waitForEnd(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    const end = () => {
      const signal = child.signalCode
      resolve({ code: child.exitCode ?? 128 + (signal ? constants.signals[signal] : 0), signal })
    }
    child.once('close', end)
    const leash = child.stdio[3] as Socket
    leash.unref()
    leash.on('error', () => {
      // The watcher is gone already.
    })
    child.once('exit', () => {
      // The watcher must not aim at a number that may soon be another process.
      leash.end('gone\n')
      // A grandchild may keep the output open; nobody waits for that one.
      setTimeout(end, 1000).unref()
    })
  })
}
