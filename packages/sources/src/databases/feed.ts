import { createRedact } from '../redact.ts'
import type { CommandRequest } from '../runners/runner.ts'
import { watchAbort } from '../runners/watch-abort.ts'
import { SourceError } from '../source-error.ts'
import type { Asking } from './database-kind.ts'

export interface FeedRequest extends Omit<CommandRequest, 'stdin' | 'stderrBytes' | 'env'> {
  readonly label: string
  /** Beside those of the connection. */
  readonly env?: Readonly<Record<string, string>>
  /** Said after the words of a command that failed. */
  readonly remedy: string
  /** What is left of a restore that fails half way. */
  readonly aftermath: string
  /** Whether what it said on standard error is a failure though it ended with status 0. */
  readonly isFailure?: (stderr: string) => boolean
}

const stderrBytes = 16_384

/** Feeds a command with the content of a stream, to the end, and requires that it ends well. */
export async function feed(
  { runner, connection, signal }: Asking,
  request: FeedRequest,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  signal.throwIfAborted()
  const { label, remedy, aftermath, isFailure, ...command } = request
  const running = runner.start({
    ...command,
    env: { ...connection.env, ...command.env },
    stdin: content,
    stderrBytes,
    ...(connection.privateText && { privateText: connection.privateText }),
  })
  const abort = watchAbort(signal, running)
  try {
    for await (const _ of running.stdout); // its chatter is of no use
    const { status, signal: by } = await Promise.race([running.exit(), abort.rejection])
    const said = createRedact(connection.secrets)(running.stderrTail.toString()).trim()
    if (status === 0 && !isFailure?.(said)) return
    const how = by === null ? `with status ${status}` : `by ${by}`
    throw new SourceError(
      'restore-failed',
      `${label} ended ${how}. It said: ${said}. ${aftermath}`,
      {
        permanent: true,
        remedy,
      },
    )
  } catch (error) {
    if (running.startFailure) {
      const { message } = running.startFailure
      throw new SourceError('command-missing', `${label} could not be started: ${message}`, {
        permanent: true,
        remedy: 'Install it on this machine.',
      })
    }
    throw error
  } finally {
    abort.dispose()
    await running.stop()
  }
}
