import { join } from 'node:path'
import type { ServerSourceConfig } from '@backstream/config'
import type { Asking } from './database-kind.ts'
import { askMariadb, askMariadbServer } from './mariadb-facts.ts'
import { usersName } from './mariadb-source.ts'
import { createMariadbTarget } from './mariadb-target.ts'
import { databaseOf, type RestorableStream } from './restore-target.ts'
import {
  createScratchRegister,
  drain,
  type ScratchDatabases,
  type ScratchPlan,
} from './scratch-databases.ts'
import { findServerProgram, startThrowaway, type ThrowawayOptions } from './throwaway-server.ts'

type Ask = (signal: AbortSignal) => Promise<Asking>

interface Server {
  readonly config: ServerSourceConfig
  readonly ask: Ask
}

/** Scratch databases in a server that is there: nothing of it is touched, and no user is made. */
export async function openMariadbScratch(
  server: Server,
  plan: ScratchPlan,
  signal: AbortSignal,
): Promise<ScratchDatabases> {
  const { ask, config } = server
  const register = createScratchRegister(plan, async (name) => {
    // The signal of the drill may be aborted, and the database is to go all the same.
    const fresh = await ask(AbortSignal.timeout(60_000))
    await askMariadb(fresh, config.kind, `DROP DATABASE IF EXISTS ${quoted(name)}`)
  })
  await register.dropStale((await askMariadbServer(await ask(signal), config.kind)).databases)
  return {
    label: 'scratch databases of the server for drills',
    async restore(stream, content, options) {
      if (stream.name === usersName) return await drain(content)
      await targetAt(server, register.add(stream)).restore(stream, content, options)
    },
    countRows: async (stream, tables, signal) =>
      await countRows(server, { database: register.nameOf(stream), tables }, signal),
    [Symbol.asyncDispose]: () => register[Symbol.asyncDispose](),
  }
}

export interface SocketLogin {
  readonly socket: string
  readonly user: string
}

/** Its own: the users of the backup bring a root with a password that is not known here. */
const admin = 'backstream_drill'
const makeAdmin = `CREATE USER ${admin}@localhost; GRANT ALL ON *.* TO ${admin}@localhost WITH GRANT OPTION`

/** A server of its own: each database under its name, then the users, where the backup has them. */
export async function startMariadbScratch(
  config: ServerSourceConfig,
  askAt: (login: SocketLogin) => Ask,
  options: ThrowawayOptions,
): Promise<ScratchDatabases> {
  const where = { folders: [], environment: options.environment }
  const [installer, program] = await Promise.all(
    ['mariadb-install-db', 'mariadbd'].map((name) => findServerProgram(name, where)),
  )
  const data = (folder: string) => `--datadir=${join(folder, 'data')}`
  const socketIn = (folder: string) => join(folder, 'socket')
  const running = await startThrowaway(
    {
      accounts: ['mysql', 'nobody'],
      endBy: 'TERM',
      install: (folder) => [
        ...[installer ?? '', '--no-defaults', '--auth-root-authentication-method=normal'],
        ...['--skip-test-db', data(folder)],
      ],
      serve: (folder, socketFolder) => [
        ...[program ?? '', '--no-defaults', data(folder), `--socket=${socketIn(socketFolder)}`],
        ...['--skip-networking', `--pid-file=${join(folder, 'pid')}`, '--event-scheduler=OFF'],
        '--innodb-flush-log-at-trx-commit=0',
      ],
      isReady: async (folder) => {
        const asking = await askAt({ socket: socketIn(folder), user: 'root' })(options.signal)
        await askMariadb(asking, config.kind, makeAdmin)
      },
    },
    options,
  )
  const socket = socketIn(running.socketFolder)
  const server = { config, ask: askAt({ socket, user: admin }) }
  // They come last, and name rights that only root may give on.
  const asRoot = { config, ask: askAt({ socket, user: 'root' }) }
  const nameOf = (stream: RestorableStream) => databaseOf(stream) ?? 'restored'
  return {
    label: 'a MariaDB server started for it',
    restore: async (stream, content, given) =>
      await targetAt(stream.name === usersName ? asRoot : server, nameOf(stream)).restore(
        stream,
        content,
        given,
      ),
    countRows: async (stream, tables, signal) =>
      await countRows(server, { database: nameOf(stream), tables }, signal),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

function targetAt({ config, ask }: Server, database: string) {
  return createMariadbTarget(config, async (signal) => {
    const asking = await ask(signal)
    return { ...asking, connection: { ...asking.connection, database } }
  })
}

interface Counting {
  readonly database: string
  readonly tables: readonly (readonly string[])[]
}

async function countRows(
  { config, ask }: Server,
  { database, tables }: Counting,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const asking = await ask(signal)
  const counts: number[] = []
  for (const [table = ''] of tables) {
    const sql = `SELECT count(*) FROM ${quoted(database)}.${quoted(table)}`
    counts.push(Number((await askMariadb(asking, config.kind, sql))[0]?.[0]))
  }
  return counts
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
