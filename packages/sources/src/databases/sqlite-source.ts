import { access, constants, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatBytes, type SqliteSourceConfig } from '@backstream/config'
import type { StreamRequest } from '../read-streams.ts'
import type { SourceProblem } from '../source.ts'
import { checkTextEnd } from '../stream-check.ts'
import type { DatabaseKind } from './database-kind.ts'
import { checkSqliteFile } from './sqlite-file-check.ts'

const pagesProgram = fileURLToPath(new URL('./sqlite-pages.ts', import.meta.url))

/**
 * An SQLite file as it is at one moment, while others write to it: page by page where this program runs,
 * and elsewhere, through `via`, as the SQL of `sqlite3 FILE .dump`, of one moment too.
 */
export const sqliteFile: DatabaseKind<SqliteSourceConfig> = {
  programs: ({ via }) => (via === null ? [] : ['sqlite3']),
  connect: async () => ({ env: {}, secrets: [], database: null }),
  findProblems: async ({ path, via }) => (via === null ? await findProblems(path) : []),
  async estimate({ path, via }) {
    return via === null ? { bytes: (await stat(path)).size, entries: 1 } : null
  },
  async describe({ path, via }) {
    if (via !== null) return 'SQLite, read by sqlite3 as SQL'
    const log = (await isLogged(path)) ? 'with a write-ahead log' : 'without a write-ahead log'
    return `SQLite ${process.versions['sqlite'] ?? ''}; ${formatBytes((await stat(path)).size)} ${log}`
  },
  async plan(config, _asking, place) {
    const stream = config.via === null ? pagesOf(config, place) : sqlOf(config, place)
    return { streams: [stream], consistency: 'one moment (a read transaction)' }
  },
}

function pagesOf({ path }: SqliteSourceConfig, name: string): StreamRequest {
  const label = `reading ${path}`
  return {
    name,
    label,
    argv: [process.execPath, '--disable-warning=ExperimentalWarning', pagesProgram, path],
    env: {},
    secrets: [],
    check: checkSqliteFile(label),
    facts: { kind: 'sqlite', form: 'file' },
  }
}

function sqlOf({ path }: SqliteSourceConfig, name: string): StreamRequest {
  const label = `sqlite3 ${path} .dump`
  return {
    name,
    label,
    argv: ['sqlite3', '-readonly', '-bail', path, '.timeout 30000', '.dump'],
    env: {},
    secrets: [],
    // Where something went wrong it ends with ROLLBACK, and a remark.
    check: checkTextEnd(label, {
      trailer: /(?:^|\n)COMMIT;\n$/,
      remedy: 'It was cut short, or the database is damaged: run PRAGMA integrity_check.',
    }),
    facts: { kind: 'sqlite', form: 'sql' },
  }
}

async function findProblems(path: string): Promise<readonly SourceProblem[]> {
  try {
    await access(path, constants.R_OK)
    // Readers of a write-ahead log take part in its index, which lies beside the file.
    if (await isLogged(path)) await access(dirname(path), constants.W_OK)
    return []
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return [
      {
        code: code === 'ENOENT' ? 'source-missing' : 'source-unreadable',
        message: `The SQLite database ${path} cannot be read (${code})`,
        remedy:
          'Correct path, or let the worker read it; where it has a write-ahead log, its directory must be writable too.',
        permanent: true,
      },
    ]
  }
}

/** The version of the format that readers need is 2 with a write-ahead log. */
async function isLogged(path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0)
  return bytesRead === 20 && buffer[19] === 2
}
