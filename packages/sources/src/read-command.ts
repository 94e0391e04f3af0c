import type { TarSegment } from '@backstream/archive'
import type { CommandSourceConfig } from '@backstream/config'
import { createRedact, type Redact } from './redact.ts'
import { ByteTail } from './runners/byte-tail.ts'
import type { Runner, Running } from './runners/runner.ts'
import type { CommandExit } from './runners/running-command.ts'
import type { SourceOptions, SourceReading, SourceSummary } from './source.ts'
import { SourceError } from './source-error.ts'
import { StreamMembers } from './stream-members.ts'

export interface ReadCommandOptions extends SourceOptions {
  /** The stream's path in the archive. */
  readonly name: string
  readonly memberBytes: number
  readonly startedAtMs: number
  readonly runner: Runner
  openSecrets(): Promise<Readonly<Record<string, string>>>
}

/** Shown of standard error when the command fails. */
const stderrShownBytes = 4096
/** A trailer has to stand in the last bytes of the stream: a date or a newline may follow it. */
const trailerWindowBytes = 4096

/**
 * Runs the command and reads its standard output. The end is reached only when the command has exited
 * with status 0 and the output is what was expected of it.
 */
export function readCommand(
  config: CommandSourceConfig,
  options: ReadCommandOptions,
): SourceReading {
  let summary: SourceSummary | null = null
  return {
    segments: readSegments(config, options, (done) => {
      summary = done
    }),
    summary() {
      if (!summary)
        throw new SourceError('source-failed', 'The command has not been read to its end')
      return summary
    },
  }
}

async function* readSegments(
  config: CommandSourceConfig,
  options: ReadCommandOptions,
  onSummary: (summary: SourceSummary) => void,
): AsyncGenerator<TarSegment, void, undefined> {
  const { signal, logger, name } = options
  signal.throwIfAborted()
  const secrets = await options.openSecrets()
  const values = Object.values(secrets)
  const redact = createRedact(values)
  // More than is shown, so that a secret does not begin outside of it.
  const stderrBytes =
    stderrShownBytes + Math.max(0, ...values.map((value) => Buffer.byteLength(value)))
  const members = new StreamMembers({ ...options, mtimeMs: options.startedAtMs })
  const trailer = new ByteTail(config.expect.trailer === null ? 0 : trailerWindowBytes)
  const command = startCommand(config, { ...options, secrets, stderrBytes })
  const abort = watchAbort(signal, command)
  try {
    for await (const chunk of outputOf(command, signal)) {
      trailer.add(chunk)
      yield* members.add(chunk)
    }
    const exit = await Promise.race([command.exit(), abort.rejection])
    const stderr = shown(command.stderrTail, { redact, limit: stderrBytes })
    requireSuccess(config, { exit, stderr })
    // Of a command that failed the error tells it.
    if (stderr !== '') options.note?.(`${config.argv[0]} said on standard error: ${stderr}`)
    requireExpected(config, { bytes: members.bytes, tail: trailer.bytes })
    yield* members.end()
    const facts = members.facts()
    const note = Buffer.from(`${JSON.stringify({ ...facts, exitStatus: exit.status })}\n`)
    yield members.note(`${name}.backstream.json`, note)
    onSummary({
      bytes: facts.bytes + note.length,
      entries: facts.members + 1,
      files: 2,
      warnings: [],
      consistency: 'as the command gave it',
    })
  } catch (error) {
    throw command.startFailure ? startError(config, command.startFailure) : error
  } finally {
    abort.dispose()
    if (!(await command.stop())) {
      logger.warn({ command: config.argv[0] }, 'the command cannot be ended and is left behind')
    }
  }
}

function startCommand(
  config: CommandSourceConfig,
  options: ReadCommandOptions & {
    readonly secrets: Readonly<Record<string, string>>
    readonly stderrBytes: number
  },
): Running {
  const { argv, cwd } = config
  const { runner, secrets, stderrBytes } = options
  for (const [name, value] of Object.entries(secrets)) {
    // Refused here, because Node would print the value.
    if (value.includes('\0')) throw binarySecret(argv, name)
  }
  try {
    return runner.start({ argv, env: secrets, cwd, stderrBytes })
  } catch (error) {
    throw startError(config, error as NodeJS.ErrnoException)
  }
}

function binarySecret(argv: readonly string[], name: string): SourceError {
  return new SourceError(
    'command-failed',
    `The secret ${name} for the command ${argv[0]} holds a NUL byte, and so is no text`,
    { permanent: true, remedy: 'See what it is read from: a binary file, or one in UTF-16?' },
  )
}

interface AbortWatch {
  /** Rejects with the signal's reason; never fulfils. */
  readonly rejection: Promise<never>
  dispose(): void
}

function watchAbort(signal: AbortSignal, command: Running): AbortWatch {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {}) // it matters only where it is raced
  const onAbort = (): void => {
    command.fail(signal.reason)
    reject(signal.reason)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return { rejection: promise, dispose: () => signal.removeEventListener('abort', onAbort) }
}

/** The output; where the command could not even be started, that is the error. */
async function* outputOf(
  command: Running,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* command.stdout
  } catch (error) {
    signal.throwIfAborted()
    await command.exit()
    throw error
  }
}

function startError(config: CommandSourceConfig, cause: NodeJS.ErrnoException): SourceError {
  const isMissing = cause.code === 'ENOENT' || cause.code === 'EACCES' || cause.code === 'ENOTDIR'
  return new SourceError(
    isMissing ? 'command-missing' : 'command-failed',
    `The command ${config.argv[0]} could not be started (${cause.code})`,
    {
      cause,
      permanent: isMissing,
      remedy: 'Install it on the machine of the worker, or correct argv and cwd.',
    },
  )
}

/** The end of standard error, without what must not be seen. */
function shown(tail: Buffer, { redact, limit }: { redact: Redact; limit: number }): string {
  const text = redact(tail.toString(), { isCut: tail.length === limit })
  return text.slice(-stderrShownBytes).trim()
}

function requireSuccess(
  config: CommandSourceConfig,
  { exit, stderr }: { readonly exit: CommandExit; readonly stderr: string },
): void {
  if (exit.status === 0) return
  const how = exit.signal === null ? `with status ${exit.status}` : `by ${exit.signal}`
  const said = stderr === '' ? 'It said nothing on standard error' : `It said: ${stderr}`
  throw new SourceError('command-failed', `The command ${config.argv[0]} ended ${how}. ${said}`, {
    remedy: 'Run the command by hand as the user of the worker, and mend what it reports.',
  })
}

function requireExpected(
  { argv, expect }: CommandSourceConfig,
  { bytes, tail }: { readonly bytes: number; readonly tail: Buffer },
): void {
  if (bytes === 0 && expect.minSizeBytes !== 0) {
    throw new SourceError('source-empty', `The command ${argv[0]} gave nothing`, {
      remedy: 'See why; if an empty output is a good one, set expect.minSize to 0B.',
    })
  }
  if (expect.minSizeBytes !== null && bytes < expect.minSizeBytes) {
    throw new SourceError(
      'too-small',
      `The command ${argv[0]} gave ${bytes} bytes, and at least ${expect.minSizeBytes} are expected`,
      { remedy: 'See why it gave less, or lower expect.minSize.' },
    )
  }
  if (expect.trailer !== null && !tail.includes(expect.trailer)) {
    throw new SourceError(
      'trailer-missing',
      `The output of ${argv[0]} does not end with ${JSON.stringify(expect.trailer)}`,
      { remedy: 'It was cut short, or expect.trailer is not what the command writes last.' },
    )
  }
}
