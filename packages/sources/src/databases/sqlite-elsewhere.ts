/** An SQLite file where this program does not run: whatever is to be known of it, `sqlite3` there tells. */
import type { SqliteSourceConfig } from '@backstream/config'
import type { StreamRequest } from '../read-streams.ts'
import { capture } from '../runners/capture.ts'
import { SourceError } from '../source-error.ts'
import { checkTextEnd } from '../stream-check.ts'
import type { Asking } from './database-kind.ts'

export interface SqliteFacts {
  /** Of the sqlite3 that reads it. */
  readonly version: string
  /** Of the file. As SQL it has no indexes and twice the bytes of its blobs. */
  readonly bytes: number
}

const waitForWriters = '.timeout 30000'
const questions = 'PRAGMA page_count; PRAGMA page_size; SELECT sqlite_version();'

/** Rejects where the file is not there, may not be read, or is none of SQLite's. */
export async function askSqlite(
  { path }: SqliteSourceConfig,
  { runner, signal }: Pick<Asking, 'runner' | 'signal'>,
): Promise<SqliteFacts> {
  // Said after what a ~/.sqliterc there may say.
  const form = ['-readonly', '-bail', '-noheader', '-list']
  const argv = ['sqlite3', ...form, path, waitForWriters, questions]
  const { exit, stdout, stderr } = await capture(runner, { argv, env: {} }, signal)
  const [pages, pageBytes, version] = stdout.trim().split(/\s+/)
  if (exit?.status === 0 && version) return { version, bytes: Number(pages) * Number(pageBytes) }
  const said = stderr.trim()
  const message = `The SQLite database ${path} cannot be read ${runner.place}: ${said}`
  throw new SourceError('source-unreadable', message, {
    permanent: !/locked|busy/.test(said),
    remedy:
      'Correct path, or let the user there read it; where it has a write-ahead log, its directory must be writable too.',
  })
}

/** Its content as SQL, of one moment. */
export function readAsSql(
  { path }: SqliteSourceConfig,
  { name, version }: { readonly name: string; readonly version: string },
): StreamRequest {
  const label = `sqlite3 ${path} .dump`
  return {
    name,
    label,
    argv: ['sqlite3', '-readonly', '-bail', path, waitForWriters, '.dump'],
    env: {},
    secrets: [],
    // Where something went wrong it ends with ROLLBACK, and a remark.
    check: checkTextEnd(label, {
      trailer: /(?:^|\n)COMMIT;\n$/,
      remedy: 'It was cut short, or the database is damaged: run PRAGMA integrity_check.',
    }),
    facts: { kind: 'sqlite', form: 'sql', client: version },
  }
}
