import { access, constants, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatBytes, type SqliteSourceConfig } from '@backstream/config'
import type { StreamRequest } from '../read-streams.ts'
import type { SourceProblem } from '../source.ts'
import type { DatabaseKind } from './database-kind.ts'
import { askSqlite, readAsSql } from './sqlite-elsewhere.ts'
import { checkSqliteFile } from './sqlite-file-check.ts'

const pagesProgram = fileURLToPath(new URL('./sqlite-pages.ts', import.meta.url))

/**
 * An SQLite file as it is at one moment, while others write to it: page by page where this program runs,
 * and elsewhere, through `via`, as the SQL of `sqlite3 FILE .dump`, of one moment too.
 */
export const sqliteFile: DatabaseKind<SqliteSourceConfig> = {
  programs: ({ via }) => (via === null ? [] : ['sqlite3']),
  connect: async () => ({ env: {}, secrets: [], database: null }),
  async findProblems(config, asking) {
    if (config.via === null) return await findProblems(config.path)
    await askSqlite(config, asking)
    return []
  },
  async estimate(config, asking) {
    const { bytes } =
      config.via === null ? await sizeOf(config.path) : await askSqlite(config, asking)
    return { bytes, entries: 1 }
  },
  async describe(config, asking) {
    if (config.via === null) return await describeHere(config.path)
    const { version, bytes } = await askSqlite(config, asking)
    return `SQLite ${version}, read by sqlite3 as SQL; ${formatBytes(bytes)}`
  },
  async plan(config, asking, place) {
    const stream =
      config.via === null
        ? pagesOf(config, place)
        : readAsSql(config, { name: place, ...(await askSqlite(config, asking)) })
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
    facts: { kind: 'sqlite', form: 'file', client: process.versions['sqlite'] ?? '' },
  }
}

async function describeHere(path: string): Promise<string> {
  const log = (await isLogged(path)) ? 'with a write-ahead log' : 'without a write-ahead log'
  const { bytes } = await sizeOf(path)
  return `SQLite ${process.versions['sqlite'] ?? ''}; ${formatBytes(bytes)} ${log}`
}

async function sizeOf(path: string): Promise<{ readonly bytes: number }> {
  return { bytes: (await stat(path)).size }
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
