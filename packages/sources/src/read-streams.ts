import type { TarSegment } from '@backstream/archive'
import { createRedact, type Redact } from './redact.ts'
import { releaseChunk } from './release-chunk.ts'
import type { CommandRequest, Runner, Running } from './runners/runner.ts'
import type { CommandExit } from './runners/running-command.ts'
import { watchAbort } from './runners/watch-abort.ts'
import type { SourceOptions, SourceReading, SourceSummary, SourceWarning } from './source.ts'
import { SourceError } from './source-error.ts'
import type { StreamCheck } from './stream-check.ts'
import { folderSegment, StreamMembers } from './stream-members.ts'

/** A command whose standard output goes into the archive under a name. */
export interface StreamRequest extends Omit<CommandRequest, 'stdin' | 'stderrBytes'> {
  readonly name: string
  /** For messages: `pg_dump of shop`. */
  readonly label: string
  /** What must not be seen of it. */
  readonly secrets: readonly string[]
  readonly check: StreamCheck
  /** What else the note beside the stream says, for whoever restores it. */
  readonly facts?: Readonly<Record<string, unknown>>
}

export interface StreamPlan {
  /** A directory that they lie in. */
  readonly folder?: string
  /** In this order, one after another. */
  readonly streams: readonly StreamRequest[]
  readonly consistency: string
  readonly warnings?: readonly SourceWarning[]
}

export interface ReadStreamsOptions extends SourceOptions {
  readonly runner: Runner
  readonly memberBytes: number
  readonly startedAtMs: number
}

/** Shown of standard error when the command fails. */
const stderrShownBytes = 4096

/**
 * Runs commands and reads their standard output. The end is reached only when each has exited with
 * status 0 and its output was found whole. `open` is called when the reading begins.
 */
export function readStreams(
  open: () => Promise<StreamPlan>,
  options: ReadStreamsOptions,
): SourceReading {
  let summary: SourceSummary | null = null
  return {
    segments: readAll(open, options, (done) => {
      summary = done
    }),
    summary() {
      if (!summary)
        throw new SourceError('source-failed', 'The source has not been read to its end')
      return summary
    },
  }
}

async function* readAll(
  open: () => Promise<StreamPlan>,
  options: ReadStreamsOptions,
  onSummary: (summary: SourceSummary) => void,
): AsyncGenerator<TarSegment, void, undefined> {
  options.signal.throwIfAborted()
  const { folder, streams, consistency, warnings = [] } = await open()
  const total = { bytes: 0, entries: 0, files: 0 }
  if (folder !== undefined) {
    yield folderSegment(folder, options.startedAtMs)
    total.entries++
  }
  for (const stream of streams) {
    const read = yield* readStream(stream, options)
    total.bytes += read.bytes
    total.entries += read.entries
    total.files += 2
  }
  onSummary({ ...total, warnings, consistency })
}

async function* readStream(
  stream: StreamRequest,
  options: ReadStreamsOptions,
): AsyncGenerator<TarSegment, { readonly bytes: number; readonly entries: number }, undefined> {
  const { signal, logger } = options
  const redact = createRedact(stream.secrets)
  // More than is shown, so that a secret does not begin outside of it.
  const stderrBytes =
    stderrShownBytes + Math.max(0, ...stream.secrets.map((secret) => Buffer.byteLength(secret)))
  const members = new StreamMembers({ ...options, ...stream, mtimeMs: options.startedAtMs })
  const command = startCommand(stream, { ...options, stderrBytes })
  const abort = watchAbort(signal, command)
  try {
    for await (const chunk of outputOf(command, signal)) {
      yield* members.add(stream.check.take(chunk))
      releaseChunk(chunk)
    }
    const exit = await Promise.race([command.exit(), abort.rejection])
    const stderr = shown(command.stderrTail, { redact, limit: stderrBytes })
    requireSuccess(stream, { exit, stderr })
    // Of a command that failed the error tells it.
    if (stderr !== '') options.note?.(`${stream.label} said on standard error: ${stderr}`)
    yield* members.add(stream.check.end())
    yield* members.end()
    const facts = members.facts()
    const said = { ...facts, exitStatus: exit.status, ...stream.facts }
    const note = Buffer.from(`${JSON.stringify(said)}\n`)
    yield members.note(`${stream.name}.backstream.json`, note)
    return { bytes: facts.bytes + note.length, entries: facts.members + 1 }
  } catch (error) {
    throw command.startFailure ? startError(stream, command.startFailure) : error
  } finally {
    abort.dispose()
    if (!(await command.stop())) {
      logger.warn({ command: stream.argv[0] }, 'the command cannot be ended and is left behind')
    }
  }
}

function startCommand(
  stream: StreamRequest,
  options: ReadStreamsOptions & { readonly stderrBytes: number },
): Running {
  const { argv, env, cwd, privateText } = stream
  const { runner, stderrBytes } = options
  for (const [name, value] of Object.entries(env)) {
    // Refused here, because Node would print the value.
    if (value.includes('\0')) throw binarySecret(stream, name)
  }
  try {
    return runner.start({
      argv,
      env,
      stderrBytes,
      ...(cwd !== undefined && { cwd }),
      ...(privateText !== undefined && { privateText }),
    })
  } catch (error) {
    throw startError(stream, error as NodeJS.ErrnoException)
  }
}

function binarySecret({ label }: StreamRequest, name: string): SourceError {
  return new SourceError(
    'command-failed',
    `The secret ${name} for the command ${label} holds a NUL byte, and so is no text`,
    { permanent: true, remedy: 'See what it is read from: a binary file, or one in UTF-16?' },
  )
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

function startError({ label }: StreamRequest, cause: NodeJS.ErrnoException): SourceError {
  const isMissing = cause.code === 'ENOENT' || cause.code === 'EACCES' || cause.code === 'ENOTDIR'
  return new SourceError(
    isMissing ? 'command-missing' : 'command-failed',
    `The command ${label} could not be started (${cause.code})`,
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
  { label }: StreamRequest,
  { exit, stderr }: { readonly exit: CommandExit; readonly stderr: string },
): void {
  if (exit.status === 0) return
  const how = exit.signal === null ? `with status ${exit.status}` : `by ${exit.signal}`
  const said = stderr === '' ? 'It said nothing on standard error' : `It said: ${stderr}`
  throw new SourceError('command-failed', `The command ${label} ended ${how}. ${said}`, {
    remedy: 'Run the command by hand as the user of the worker, and mend what it reports.',
  })
}
