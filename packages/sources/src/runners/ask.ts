import { SourceError } from '../source-error.ts'
import type { CommandRequest, Runner } from './runner.ts'
import { watchAbort } from './watch-abort.ts'

export interface Answer {
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** An answer that is longer is no answer but a listing, and would have to be read as it comes. */
const defaultMaxBytes = 1 << 20

/** Runs a command whose whole output is wanted at once, wherever the runner runs it. */
export async function ask(
  runner: Runner,
  request: Omit<CommandRequest, 'env' | 'stderrBytes'> & { readonly env?: CommandRequest['env'] },
  {
    signal,
    maxBytes = defaultMaxBytes,
  }: { readonly signal: AbortSignal; readonly maxBytes?: number },
): Promise<Answer> {
  signal.throwIfAborted()
  const command = runner.start({ env: { LC_ALL: 'C' }, stderrBytes: 8 << 10, ...request })
  const abort = watchAbort(signal, command)
  try {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of command.stdout) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLong(request.argv[0] ?? '', runner.place, maxBytes)
      chunks.push(chunk)
    }
    const { status } = await Promise.race([command.exit(), abort.rejection])
    return { status, stdout: Buffer.concat(chunks), stderr: command.stderrTail.toString().trim() }
  } finally {
    abort.dispose()
    await command.stop()
  }
}

function tooLong(program: string, place: string, maxBytes: number): SourceError {
  return new SourceError(
    'source-failed',
    `${program} ${place} answers with more than ${maxBytes >> 20} MiB`,
    { permanent: true, remedy: 'There are too many names for that: install GNU tar there.' },
  )
}
