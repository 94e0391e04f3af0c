import { ByteTail } from './byte-tail.ts'
import type { CommandRequest, Runner } from './runner.ts'
import type { CommandExit } from './running-command.ts'

export interface Captured {
  /** Null where the command could not be started. */
  readonly exit: CommandExit | null
  readonly stdout: string
  /** The end of standard error, or why it could not be started. Not yet redacted. */
  readonly stderr: string
}

const stderrBytes = 16_384
/** The answers to questions are short; the end of a longer one is kept. */
const stdoutBytes = 16 << 20

/** Runs a command to its end for what it says. Rejects on abort, and where its input failed. */
export async function capture(
  runner: Runner,
  request: Omit<CommandRequest, 'stderrBytes'>,
  signal: AbortSignal,
): Promise<Captured> {
  signal.throwIfAborted()
  let command: ReturnType<Runner['start']>
  try {
    command = runner.start({ ...request, stderrBytes })
  } catch (error) {
    return { exit: null, stdout: '', stderr: String(error) }
  }
  const onAbort = (): void => command.fail(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const stdout = new ByteTail(stdoutBytes)
    for await (const chunk of command.stdout) stdout.add(chunk)
    const exit = await command.exit()
    return { exit, stdout: stdout.bytes.toString(), stderr: command.stderrTail.toString() }
  } catch (error) {
    signal.throwIfAborted()
    if (!command.startFailure) throw error
    return { exit: null, stdout: '', stderr: command.startFailure.message }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await command.stop()
  }
}
