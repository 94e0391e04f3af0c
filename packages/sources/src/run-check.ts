import { createRedact } from './redact.ts'
import { createLocalRunner } from './runners/local-runner.ts'
import type { Running } from './runners/runner.ts'
import type { CommandExit } from './runners/running-command.ts'

export interface CheckCommand {
  readonly argv: readonly string[]
  readonly cwd: string
  /** Of this process; the command gets what a source's command gets, and `variables`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly variables: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface CheckOutcome {
  readonly isOk: boolean
  /** How it ended, and the end of what it wrote to standard error. */
  readonly words: string
}

const stderrBytes = 1_000

/**
 * Runs a command without a shell that says by its status whether something holds. Rejects with the
 * signal's reason only: one that cannot be started, or does not end in time, has not said yes.
 */
export async function runCheck(check: CheckCommand): Promise<CheckOutcome> {
  const { argv, cwd, signal, timeoutMs } = check
  signal.throwIfAborted()
  const limit = AbortSignal.timeout(timeoutMs)
  const { environment, variables: env } = check
  const command = createLocalRunner({ environment }).start({ argv, env, cwd, stderrBytes })
  try {
    const exit = await endOf(command, AbortSignal.any([signal, limit]))
    signal.throwIfAborted()
    const said = createRedact([])(command.stderrTail.toString('utf8').trim(), { isCut: true })
    const how = limit.aborted ? `did not end within ${timeoutMs / 1000} s` : inWords(exit)
    return { isOk: !limit.aborted && exit?.status === 0, words: said ? `${how}: ${said}` : how }
  } catch (error) {
    signal.throwIfAborted()
    if (!command.startFailure) throw error
    return { isOk: false, words: `could not be started (${command.startFailure.code})` }
  } finally {
    await command.stop()
  }
}

/** Null when the signal came first. What the command prints is dropped, and must not hold it up. */
async function endOf(command: Running, signal: AbortSignal): Promise<CommandExit | null> {
  const stopped = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  const drained = drain(command.stdout)
  return await Promise.race([drained.then(() => command.exit()), stopped])
}

async function drain(output: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const _ of output);
  } catch {
    // Cut off as the command is stopped: how it ended says all that there is to know.
  }
}

function inWords(exit: CommandExit | null): string {
  if (exit === null) return 'was stopped'
  return exit.status === null ? `was ended by ${exit.signal}` : `ended with status ${exit.status}`
}
