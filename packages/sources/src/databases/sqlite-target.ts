import { open, rename, rm, stat } from 'node:fs/promises'
import type { SqliteSourceConfig } from '@backstream/config'
import type { SourceProblem } from '../source.ts'
import { SourceError } from '../source-error.ts'
import type { Asking } from './database-kind.ts'
import { feed } from './feed.ts'
import type { RestorableStream, RestoreTarget } from './restore-target.ts'

/** An SQLite file that comes back: under another name first, and under its own once it is whole. */
export function createSqliteTarget(
  { path, via }: SqliteSourceConfig,
  ask: (signal: AbortSignal) => Promise<Asking>,
): RestoreTarget {
  return {
    label: `the SQLite file ${path}`,
    async findProblems(streams, { overwrite }) {
      if (via !== null) return streams.some(isFile) ? [isElsewhere] : []
      return overwrite || !(await isThere(path)) ? [] : [isTaken(path)]
    },
    async restore(stream, content, { signal, overwrite }) {
      if (!isFile(stream)) return await runSql(await ask(signal), { path, content })
      const beside = `${path}.backstream-restore`
      try {
        await writeFile(beside, content, signal)
        // A log of what was there before would be laid over it.
        if (overwrite)
          for (const end of ['-wal', '-shm', '-journal']) await rm(path + end, { force: true })
        await rename(beside, path)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
    },
  }
}

function isFile({ facts }: RestorableStream): boolean {
  return facts['form'] !== 'sql'
}

async function writeFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path, 'w', 0o600)
  for await (const chunk of content) {
    signal.throwIfAborted()
    for (let done = 0; done < chunk.byteLength; )
      done += (await file.write(chunk, done)).bytesWritten
  }
  await file.sync()
}

async function runSql(
  asking: Asking,
  { path, content }: { readonly path: string; readonly content: AsyncIterable<Uint8Array> },
): Promise<void> {
  await feed(
    asking,
    {
      label: `sqlite3 ${path}`,
      argv: ['sqlite3', '-bail', path],
      remedy: 'Mend what it reports; restore into a file that is not there yet.',
      aftermath: 'Nothing of it was kept',
    },
    content,
  )
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size > 0
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    throw new SourceError('restore-failed', `${path} cannot be looked at (${code})`, {
      permanent: true,
      remedy: 'Restore into a place where this user may write.',
    })
  }
}

function isTaken(path: string): SourceProblem {
  return {
    code: 'target-not-empty',
    message: `${path} is there already`,
    remedy: 'Name another file, or stop who uses it and say --overwrite always.',
    permanent: true,
  }
}

const isElsewhere: SourceProblem = {
  code: 'no-way-back',
  message: 'A file of SQLite pages cannot be put into a place behind via',
  remedy: 'Restore it with --to, and copy it there.',
  permanent: true,
}
