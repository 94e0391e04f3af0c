import { ArchiveError, readTar, type TarSegment } from '@backstream/archive'
import type { DirectorySourceConfig } from '@backstream/config'
import { DescentFilter, type DescentOptions } from './descent-filter.ts'
import { EntryLog } from './entry-log.ts'
import { createPathFilter } from './path-filter.ts'
import { findTags, listedTar, sortingTar } from './remote-tar.ts'
import { TarRepacker } from './repack-tar.ts'
import { ask } from './runners/ask.ts'
import type { CommandRequest, Runner, Running } from './runners/runner.ts'
import { watchAbort } from './runners/watch-abort.ts'
import type { Source, SourceOptions, SourceReading, SourceSummary } from './source.ts'
import { SourceError } from './source-error.ts'
import { surveyDirectory } from './survey-directory.ts'
import { problemsOf } from './survey-problems.ts'
import { judgeTar } from './tar-complaints.ts'

export interface RemoteDirectoryOptions {
  readonly runner: Runner
  /** Bytes of a segment; best the archive's frame size, which is the default, 4 MiB. */
  readonly slabBytes?: number
}

const defaultSlabBytes = 4 << 20
/** Complaints of tar that are kept: thousands of files may vanish while a tree is read. */
const stderrBytes = 1 << 20

/**
 * Reads a directory elsewhere by the `tar` that is there, and packs what it gives anew, entry by
 * entry: names, owners, times, links and modes are in the archive as if it had been read here.
 */
export function createRemoteDirectorySource(
  config: DirectorySourceConfig,
  { runner, slabBytes = defaultSlabBytes }: RemoteDirectoryOptions,
): Source {
  const tree: RemoteTree = { config, runner, slabBytes }
  return {
    kind: 'directory',
    at: config.at,
    preflight: async ({ signal }) =>
      problemsOf(config, await surveyDirectory(runner, config, { signal }), runner.place),
    estimate: () => Promise.resolve(null),
    async *dryRun(options) {
      // There is no other way to know sizes than to have tar read it all.
      for await (const { entries } of read(tree, options).segments) yield* entries
    },
    read: (options) => read(tree, options),
  }
}

interface RemoteTree {
  readonly config: DirectorySourceConfig
  readonly runner: Runner
  readonly slabBytes: number
}

function read(tree: RemoteTree, options: SourceOptions): SourceReading {
  const log = new EntryLog(tree.config)
  let summary: SourceSummary | null = null
  return {
    segments: (async function* () {
      yield* readSegments(tree, log, options)
      summary = log.summary()
    })(),
    summary() {
      if (!summary)
        throw new SourceError('source-failed', 'The source has not been read to its end')
      return summary
    },
  }
}

async function* readSegments(
  tree: RemoteTree,
  log: EntryLog,
  { signal }: SourceOptions,
): AsyncGenerator<TarSegment, void, undefined> {
  const { config, runner } = tree
  const survey = await surveyDirectory(runner, config, { signal })
  const [problem] = problemsOf(config, survey, runner.place)
  if (problem) throw new SourceError('source-failed', problem.message, problem)
  for (const { path, type } of survey.pseudo) {
    log.warn('pseudo-filesystem', { path }, `a ${type} file system is not entered`)
  }
  const choice: DescentOptions = {
    filter: createPathFilter({
      exclude: [...(await patternsOf(tree, signal)), ...config.exclude],
      include: config.include,
    }),
    tags: await findTags(config, { runner, signal }),
  }
  const request = survey.sortsNames
    ? sortingTar(config, survey)
    : await listedTar(config, survey, { ...choice, runner, signal })
  const repacker = new TarRepacker({ ...tree, log, filter: new DescentFilter(choice) })
  if (request) yield* readTarOf(request, { tree, log, repacker, signal })
  if (log.entries > (config.at === '' ? 0 : 1) || config.allowEmpty) return
  throw new SourceError(
    'source-empty',
    `There is nothing to back up in ${config.path} ${runner.place}`,
    {
      remedy: 'See whether it is mounted and what is excluded, or set allowEmpty: true.',
    },
  )
}

interface TarReading {
  readonly tree: RemoteTree
  readonly log: EntryLog
  readonly repacker: TarRepacker
  readonly signal: AbortSignal
}

async function* readTarOf(
  request: Pick<CommandRequest, 'argv' | 'stdin'>,
  { tree, log, repacker, signal }: TarReading,
): AsyncGenerator<TarSegment, void, undefined> {
  const { config, runner } = tree
  const command = runner.start({ ...request, env: { LC_ALL: 'C' }, stderrBytes })
  const abort = watchAbort(signal, command)
  const judge = async (): Promise<void> => {
    const { status } = await Promise.race([command.exit(), abort.rejection])
    const stderr = command.stderrTail.toString()
    const isCut = command.stderrTail.length >= stderrBytes
    const mayskip = config.onUnreadable === 'skip'
    judgeTar({ status, stderr, isCut }, { log, place: runner.place, mayskip })
  }
  try {
    yield* entriesOf(command, { repacker, signal }, judge)
    await judge()
    yield* repacker.end()
  } finally {
    abort.dispose()
    await command.stop()
  }
}

async function* entriesOf(
  command: Running,
  { repacker, signal }: Pick<TarReading, 'repacker' | 'signal'>,
  judge: () => Promise<void>,
): AsyncGenerator<TarSegment, void, undefined> {
  try {
    for await (const entry of readTar(command.stdout, { signal, isConcatenated: true })) {
      yield* repacker.add(entry)
    }
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    // One that ends too early: why is for tar to say, or for the way to it.
    if (error.code === 'truncated') await judge()
    throw new SourceError('source-failed', `What tar gave is not sound: ${error.message}`, {
      cause: error,
    })
  }
}

/** The lines of the exclude file, which lies where the directory does. */
async function patternsOf(
  { config: { excludeFile, path }, runner }: RemoteTree,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (excludeFile === null) return []
  const { status, stdout, stderr } = await ask(
    runner,
    { argv: ['cat', '--', excludeFile], cwd: path },
    { signal },
  )
  if (status === 0) return stdout.toString().split(/\r?\n/)
  throw new SourceError(
    'source-failed',
    `The exclude file ${excludeFile} cannot be read ${runner.place}: ${stderr}`,
    {
      remedy: 'Create it there, correct excludeFile, or take it out.',
    },
  )
}
