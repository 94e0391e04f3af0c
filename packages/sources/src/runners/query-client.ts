import { BackstreamError } from '@backstream/kernel'
import { SourceError } from '../source-error.ts'
import { RunningCommand } from './running-command.ts'

export interface QueryOptions {
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly limitMs: number
}

export interface ClientAnswer {
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** No answer of a client to a question is as long. */
const maxBytes = 32 << 20

/** Runs a client that answers and ends. Rejects when it cannot be started, or takes too long. */
export async function queryClient(
  argv: readonly string[],
  { env, signal, limitMs }: QueryOptions,
): Promise<ClientAnswer> {
  const [client = ''] = argv
  signal.throwIfAborted()
  const limit = AbortSignal.timeout(limitMs)
  const command = new RunningCommand({ argv, env, stderrBytes: 8 << 10 })
  const onAbort = (): void =>
    command.fail(limit.aborted && !signal.aborted ? tooSlow(client, limitMs) : signal.reason)
  const either = AbortSignal.any([signal, limit])
  either.addEventListener('abort', onAbort, { once: true })
  try {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of command.stdout) {
      bytes += chunk.length
      if (bytes > maxBytes)
        throw new SourceError('place-unreachable', `${client} talks without end`, {
          remedy: 'Run it by hand as the user of the worker, and see what it prints.',
        })
      chunks.push(chunk)
    }
    const { status } = await command.exit()
    const stdout = Buffer.concat(chunks).toString()
    return { status, stdout, stderr: command.stderrTail.toString().trim() }
  } catch (error) {
    if (error instanceof BackstreamError || either.aborted) throw error
    throw notStarted(client, command.startFailure ?? (error as NodeJS.ErrnoException))
  } finally {
    either.removeEventListener('abort', onAbort)
    await command.stop()
  }
}

function tooSlow(client: string, limitMs: number): SourceError {
  return new SourceError(
    'place-unreachable',
    `${client} has not answered within ${limitMs / 1000} s`,
    {
      remedy: 'See whether what it asks is up and its network answers.',
    },
  )
}

/** A client program that is not there, or cannot be run. */
export function notStarted(client: string, cause: NodeJS.ErrnoException): SourceError {
  return new SourceError(
    'command-missing',
    `${client} is not on this machine, or may not be run (${cause.code})`,
    {
      cause,
      permanent: true,
      remedy: `Install ${client} where the worker's PATH finds it, or run the worker from the image that has it.`,
    },
  )
}
