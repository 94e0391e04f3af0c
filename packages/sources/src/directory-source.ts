import { constants } from 'node:fs'
import { access, opendir, stat } from 'node:fs/promises'
import type { DirectorySourceConfig } from '@backstream/config'
import { pseudoFilesystemAt } from './pseudo-filesystem.ts'
import { excludeFileOf } from './read-directory.ts'
import { type ReaderPiece, runReaderThread } from './reader-thread.ts'
import type { ReaderTask } from './reader-thread-protocol.ts'
import type {
  Source,
  SourceEstimate,
  SourceOptions,
  SourceProblem,
  SourceReading,
  SourceSummary,
} from './source.ts'
import { SourceError } from './source-error.ts'

export interface DirectorySourceOptions {
  /** Bytes of a segment; best the archive's frame size, which is the default, 4 MiB. */
  readonly slabBytes?: number
  /** How long an estimate may take before there is none. */
  readonly estimateMs?: number
}

const defaultSlabBytes = 4 << 20
/** It takes as much CPU as reading small files does, for a percentage: some 70,000 files are seen. */
const defaultEstimateMs = 500

/** Reads a tree of files, in a thread of its own. Entries lie below `at`; the root's own only then. */
export function createDirectorySource(
  config: DirectorySourceConfig,
  options: DirectorySourceOptions = {},
): Source {
  const slabBytes = options.slabBytes ?? defaultSlabBytes
  const run = (task: ReaderTask, given: SourceOptions): AsyncGenerator<ReaderPiece> =>
    runReaderThread({ ...given, task, config, slabBytes })
  return {
    kind: 'directory',
    at: config.at,
    preflight: () => findProblems(config),
    estimate: (given) => estimate(run, given, options.estimateMs ?? defaultEstimateMs),
    async *dryRun(given) {
      for await (const piece of run('list', given)) {
        if (piece.kind === 'entries') yield* piece.entries
      }
    },
    read: (given) => read(run('read', given)),
  }
}

function read(pieces: AsyncIterable<ReaderPiece>): SourceReading {
  let summary: SourceSummary | null = null
  return {
    segments: (async function* () {
      for await (const piece of pieces) {
        if (piece.kind === 'segment') yield piece.segment
        else if (piece.kind === 'result') summary = piece.result as SourceSummary
      }
    })(),
    summary() {
      if (!summary)
        throw new SourceError('source-failed', 'The source has not been read to its end')
      return summary
    },
  }
}

async function estimate(
  run: (task: ReaderTask, given: SourceOptions) => AsyncIterable<ReaderPiece>,
  given: SourceOptions,
  limitMs: number,
): Promise<SourceEstimate | null> {
  const limit = AbortSignal.timeout(limitMs)
  try {
    const signal = AbortSignal.any([given.signal, limit])
    for await (const piece of run('estimate', { ...given, signal })) {
      if (piece.kind === 'result') return piece.result
    }
    return null
  } catch (error) {
    given.signal.throwIfAborted()
    // What cannot be read will say so when it is read; there is no estimate of it.
    if (limit.aborted || error instanceof SourceError) return null
    throw error
  }
}

async function findProblems(config: DirectorySourceConfig): Promise<readonly SourceProblem[]> {
  const problem = await findRootProblem(config)
  const problems = problem ? [problem] : []
  if (config.excludeFile === null) return problems
  const file = excludeFileOf(config.excludeFile, config.path)
  const isReadable = await access(file, constants.R_OK).then(
    () => true,
    () => false,
  )
  if (isReadable) return problems
  return [
    ...problems,
    {
      code: 'exclude-file-missing',
      message: `The exclude file ${file} cannot be read`,
      remedy: 'Create it, correct excludeFile, or take it out.',
      permanent: true,
    },
  ]
}

async function findRootProblem({
  path,
  allowEmpty,
}: DirectorySourceConfig): Promise<SourceProblem | null> {
  try {
    if (!(await stat(path)).isDirectory()) {
      return {
        code: 'source-missing',
        message: `${path} is not a directory`,
        remedy: 'Name the directory that holds it, and choose with include.',
        permanent: true,
      }
    }
    await access(path, constants.R_OK | constants.X_OK)
    const pseudo = pseudoFilesystemAt(path)
    if (pseudo !== null) return pseudoProblem(path, pseudo)
    return allowEmpty || !(await isEmpty(path)) ? null : emptyProblem(path)
  } catch (error) {
    return unreachableProblem(path, error as NodeJS.ErrnoException)
  }
}

async function isEmpty(path: string): Promise<boolean> {
  await using directory = await opendir(path)
  return (await directory.read()) === null
}

function unreachableProblem(path: string, { code }: NodeJS.ErrnoException): SourceProblem {
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return {
      code: 'source-missing',
      message: `${path} does not exist on this machine`,
      remedy: 'Correct the path, mount it, or say with runsOn which worker has it.',
      permanent: true,
    }
  }
  const isForbidden = code === 'EACCES' || code === 'EPERM'
  return {
    code: 'source-unreadable',
    message: `${path} cannot be read (${code})`,
    remedy: isForbidden
      ? 'Run the worker as a user who may read it.'
      : 'See why the file system does not answer.',
    permanent: isForbidden,
  }
}

function emptyProblem(path: string): SourceProblem {
  return {
    code: 'source-empty',
    message: `${path} is empty`,
    remedy: 'See whether it is mounted, or set allowEmpty: true.',
    permanent: false,
  }
}

function pseudoProblem(path: string, name: string): SourceProblem {
  return {
    code: 'pseudo-filesystem',
    message: `${path} is a ${name} file system: the kernel makes it up as it is read`,
    remedy: 'Choose a directory of files.',
    permanent: true,
  }
}
