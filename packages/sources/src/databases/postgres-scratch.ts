import { join } from 'node:path'
import type { Asking } from './database-kind.ts'
import { askPostgres, askServer } from './postgres-facts.ts'
import { quoted } from './postgres-preflight.ts'
import { globalsName } from './postgres-source.ts'
import { createPostgresTarget, dropDatabase, restorePlain } from './postgres-target.ts'
import { databaseOf, type RestorableStream, type RestoreOptions } from './restore-target.ts'
import type { TableName } from './row-count.ts'
import {
  createScratchRegister,
  drain,
  type ScratchDatabases,
  type ScratchPlan,
} from './scratch-databases.ts'
import {
  findServerProgram,
  postgresFolders,
  startThrowaway,
  type ThrowawayOptions,
} from './throwaway-server.ts'

/** How many tables one question counts. */
const tablesAtOnce = 200

type Ask = (signal: AbortSignal) => Promise<Asking>

/** Scratch databases in a server that is there: nothing of it is touched, and no role is made. */
export async function openPostgresScratch(
  ask: Ask,
  plan: ScratchPlan,
  signal: AbortSignal,
): Promise<ScratchDatabases> {
  const asking = await ask(signal)
  const register = createScratchRegister(plan, async (database) => {
    // The signal of the drill may be aborted, and the database is to go all the same.
    const fresh = await ask(AbortSignal.timeout(60_000))
    await dropDatabase(fresh, { database, server: await askServer(fresh) })
  })
  await register.dropStale((await askServer(asking)).databases)
  return {
    label: 'scratch databases of the PostgreSQL server for drills',
    async restore(stream, content, options) {
      if (stream.name === globalsName) return await drain(content)
      const database = register.add(stream)
      await restorePlain(await ask(options.signal), { database, label: labelOf(stream) }, content)
    },
    countRows: async (stream, tables, signal) =>
      await countRows(await ask(signal), { database: register.nameOf(stream), tables }),
    [Symbol.asyncDispose]: () => register[Symbol.asyncDispose](),
  }
}

/** A server of its own: with roles first, where the backup has them, and each database under its name. */
export async function startPostgresScratch(
  askAt: (host: string) => Ask,
  options: ThrowawayOptions,
): Promise<ScratchDatabases> {
  const where = { folders: await postgresFolders(), environment: options.environment }
  const [initdb, postgres] = await Promise.all(
    ['initdb', 'postgres'].map((name) => findServerProgram(name, where)),
  )
  const data = (folder: string) => join(folder, 'data')
  const server = await startThrowaway(
    {
      accounts: ['postgres', 'nobody'],
      endBy: 'INT',
      install: (folder) => [
        ...[initdb ?? '', '-D', data(folder), '--no-sync', '--username=postgres', '--auth=trust'],
        ...['--locale=C.UTF-8', '--encoding=UTF8'],
      ],
      serve: (folder, socketFolder) => [
        ...[postgres ?? '', '-D', data(folder), '-c', 'listen_addresses='],
        ...['-c', `unix_socket_directories=${socketFolder}`, '-c', 'fsync=off'],
      ],
      isReady: async (host) => void (await askServer(await askAt(host)(options.signal))),
    },
    options,
  )
  const ask = askAt(server.socketFolder)
  const target = createPostgresTarget({ host: null }, ask)
  let hasRoles = false
  const isNamed = (stream: RestorableStream) => hasRoles && databaseOf(stream) !== null
  const nameOf = (stream: RestorableStream) =>
    isNamed(stream) ? (databaseOf(stream) ?? '') : 'restored'
  return {
    label: 'a PostgreSQL server started for it',
    async restore(stream, content, given: RestoreOptions) {
      if (stream.name === globalsName) hasRoles = true
      if (stream.name === globalsName || isNamed(stream))
        return await target.restore(stream, content, given)
      const database = nameOf(stream)
      await restorePlain(await ask(given.signal), { database, label: labelOf(stream) }, content)
    },
    countRows: async (stream, tables, signal) =>
      await countRows(await ask(signal), { database: nameOf(stream), tables }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function labelOf(stream: RestorableStream): string {
  return databaseOf(stream) ?? 'the dump'
}

async function countRows(
  asking: Asking,
  { database, tables }: { readonly database: string; readonly tables: readonly TableName[] },
): Promise<readonly number[]> {
  const counts: number[] = []
  for (let at = 0; at < tables.length; at += tablesAtOnce) {
    const some = tables.slice(at, at + tablesAtOnce)
    // ONLY: what lies in tables that inherit from it is counted as theirs.
    const questions = some.map(
      (names) => `SELECT count(*) FROM ONLY ${names.map(quoted).join('.')}`,
    )
    const answer = await askPostgres(asking, { database, sql: questions.join('\nUNION ALL ') })
    counts.push(...answer.split('\n').map(Number))
  }
  return counts
}
