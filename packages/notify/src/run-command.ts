import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { NotifyError, systemCodeOf } from './notify-error.ts'

export interface NotifyCommand {
  readonly who: string
  readonly argv: readonly string[]
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>
  /** For its standard input. */
  readonly input: string
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

const endWithinMs = 60_000
const graceMs = 5_000

/**
 * Runs a command without a shell and resolves when it has ended with status 0. What it prints is
 * dropped: it may hold its secrets.
 */
export async function runCommand(command: NotifyCommand): Promise<void> {
  const { who, argv, env, input, signal } = command
  const [program = '', ...args] = argv
  signal.throwIfAborted()
  const child = spawn(program, args, {
    env: { ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own, so that what it has started ends with it.
    detached: true,
  })
  const limit = AbortSignal.timeout(command.timeoutMs ?? endWithinMs)
  const stop = AbortSignal.any([signal, limit])
  let force: NodeJS.Timeout | undefined
  const end = () => {
    signalGroup(child.pid, 'SIGTERM')
    force = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs)
  }
  stop.addEventListener('abort', end, { once: true })
  child.stdin.on('error', () => {
    // It need not read what it is given: its status says whether all is well.
  })
  child.stdin.end(input)
  try {
    const [status, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    signal.throwIfAborted()
    if (status !== 0) throw failed(who, limit.aborted ? 'did not end in time' : ending(status, by))
  } catch (error) {
    if (error instanceof NotifyError || signal.aborted) throw error
    throw notStarted(who, systemCodeOf(error))
  } finally {
    stop.removeEventListener('abort', end)
    clearTimeout(force)
    if (stop.aborted) signalGroup(child.pid, 'SIGKILL')
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // ESRCH: nobody is left in the group. EPERM: only processes of another user are.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

function ending(status: number | null, by: NodeJS.Signals | null): string {
  return status === null ? `was ended by ${by}` : `ended with status ${status}`
}

function failed(who: string, how: string): NotifyError {
  return new NotifyError('command-failed', `${who} ${how}`, {
    remedy:
      'Run it by hand: it gets the document on its standard input and must end with status 0.',
  })
}

function notStarted(who: string, code: string): NotifyError {
  return new NotifyError('command-failed', `${who} cannot be started (${code})`, {
    permanent: true,
    remedy: 'See that the program is there and may be run by this user.',
  })
}
