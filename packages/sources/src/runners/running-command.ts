import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ByteTail } from './byte-tail.ts'
import type { CommandRequest, Running } from './runner.ts'
import { openUnnamedFile } from './unnamed-file.ts'

export interface CommandLine extends Omit<CommandRequest, 'env'> {
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>
  readonly limits?: StopLimits
}

/** How long a command is waited for that is to end. */
export interface StopLimits {
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number
  /** After SIGKILL: one of another user, or inside a system call, may never go. */
  readonly killMs: number
}

export interface CommandExit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

const defaultLimits: StopLimits = { graceMs: 5_000, killMs: 10_000 }
/** Another process may hold standard error open after the command itself is gone. */
const stderrMs = 1_000

/**
 * A command without a shell, in a process group of its own, so that it can be stopped together with
 * what it has started.
 */
export class RunningCommand implements Running {
  readonly #child: ChildProcess
  readonly #stderr: ByteTail
  readonly #limits: StopLimits
  readonly #exit: Promise<CommandExit>
  #startFailure: NodeJS.ErrnoException | null = null
  #stdinFailure: { readonly error: unknown } | null = null

  /** Throws what `spawn` throws: most failures to start come out at `exit` only. */
  constructor(command: CommandLine) {
    const [program = '', ...args] = command.argv
    this.#limits = command.limits ?? defaultLimits
    this.#stderr = new ByteTail(command.stderrBytes)
    this.#child = spawnCommand(command, program, args)
    this.#exit = exitOf(this.#child)
    this.#exit.catch((error: NodeJS.ErrnoException) => {
      this.#startFailure = error
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.add(chunk))
    if (command.stdin) void this.#feed(command.stdin)
  }

  /** Ends where the command closes it, which says nothing of how the command ended: `exit` does. */
  get stdout(): AsyncIterable<Buffer> {
    return this.#child.stdout as AsyncIterable<Buffer>
  }

  /** Why it could not be started, if it could not. */
  get startFailure(): NodeJS.ErrnoException | null {
    return this.#startFailure
  }

  get stderrTail(): Buffer {
    return this.#stderr.bytes
  }

  /** How it ended, standard error read to the end; rejects when it could not be started. */
  async exit(): Promise<CommandExit> {
    const exit = await this.#exit
    const { stderr } = this.#child
    if (stderr && !stderr.closed) await within(stderrMs, once(stderr, 'close'))
    if (this.#stdinFailure) throw this.#stdinFailure.error
    return exit
  }

  /** Makes `stdout` fail with `reason` at once. `stop` is still to be called. */
  fail(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason })
    this.#child.stdout?.destroy(error)
  }

  /**
   * Ends the command and what it has started, if need be by force. True when it is gone; false when
   * it had to be left behind.
   */
  async stop(): Promise<boolean> {
    const { stdin, stdout, stderr } = this.#child
    // With its output at an end and itself gone, nothing is left that would be ours to end. Its
    // number may belong to another process by then.
    const isGone = this.#isRunning || !stdout?.readableEnded ? await this.#endGroup() : true
    stdin?.destroy()
    stdout?.destroy()
    stderr?.destroy()
    if (!isGone) this.#child.unref()
    return isGone
  }

  /** Never rejects: what went wrong with the input is told by `exit`. */
  async #feed(input: AsyncIterable<Uint8Array>): Promise<void> {
    const stdin = this.#child.stdin as Writable
    // A command may end before it has read everything: how it ended tells whether that is right.
    stdin.on('error', () => {})
    try {
      for await (const chunk of input) {
        if (stdin.destroyed) return
        if (!stdin.write(chunk)) await drained(stdin)
      }
      stdin.end()
    } catch (error) {
      this.#stdinFailure = { error }
      // Before the pipe is closed: an end of the input would look like a whole one.
      this.#signal('SIGKILL')
      stdin.destroy()
    }
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #endGroup(): Promise<boolean> {
    const { graceMs, killMs } = this.#limits
    this.#child.stdout?.destroy()
    if (this.#isRunning) {
      this.#signal('SIGTERM')
      await within(graceMs, this.#exit)
    }
    // The command itself if it is still there, and whatever in its group has outlived it.
    this.#signal('SIGKILL')
    return await within(killMs, this.#exit)
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch (error) {
      // ESRCH: nobody is left in the group. EPERM: only processes of another user are.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
  }
}

function spawnCommand(command: CommandLine, program: string, args: string[]): ChildProcess {
  const { env, cwd, stdin, privateText } = command
  const file = privateText === undefined ? null : openUnnamedFile(privateText)
  try {
    return spawn(program, args, {
      env: { ...env },
      ...(typeof cwd === 'string' && { cwd }),
      stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(file === null ? [] : [file])],
      detached: true,
    })
  } finally {
    if (file !== null) closeSync(file)
  }
}

/** Until the pipe takes more, or never will. */
async function drained(pipe: Writable): Promise<void> {
  const settled = new AbortController()
  const { signal } = settled
  const events = ['drain', 'close', 'error'].map((event) => once(pipe, event, { signal }))
  try {
    await Promise.race(events)
  } catch {
    // `once` rejects on the error itself, of which the listener above knows.
  } finally {
    for (const event of events) event.catch(() => {}) // they reject as they are taken back
    settled.abort()
  }
}

async function exitOf(child: ChildProcess): Promise<CommandExit> {
  const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return { status, signal }
}

/** Waits for `event`, whether it fulfils or rejects, but no longer than `ms`: then it is false. */
async function within(ms: number, event: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const limit = delay(ms, false, { signal: timer.signal })
  const settled = event.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([settled, limit])
  } finally {
    limit.catch(() => {}) // it rejects as it is taken back
    timer.abort()
  }
}
