import { execFile } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './find-program.ts'
import { startProcess } from './start-process.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { giveAway, giveAwayTree, unprivileged } from './unprivileged.ts'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)

export interface PrivatePostgres extends AsyncDisposable {
  /** Where its socket lies. */
  readonly host: string
  readonly port: number
  /** Of `postgres`, a superuser. Every user logs in with a password. */
  readonly password: string
  /** With the password in it. */
  uri(database: string, login?: { readonly user: string; readonly password: string }): string
  /** Runs SQL as `postgres`; what psql prints, unaligned. */
  sql(database: string, text: string): Promise<string>
  /** SIGKILL to the server and all its processes, as when the machine dies. */
  kill(): Promise<void>
}

/** A PostgreSQL server of one's own in a temporary folder, reached by a socket only. */
export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const programs = await findPostgres()
  if (!programs) throw new Error('no postgres server here: install postgresql')
  await using started = new AsyncDisposableStack()
  const folder = started.use(await temporaryDirectory('postgres'))
  await giveAway(folder.path)
  const password = 'p@ss/w:ord %41'
  const data = join(folder.path, 'data')
  await makeCluster(programs, { data, password, passwordFile: join(folder.path, 'password') })
  const server = started.use(await serve(data, { password, host: folder.path, programs }))
  const open = started.move()
  return { ...server, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/** A server on data that is there, such as what came back from a backup; the data is given away to it. */
export async function startPostgresOn(data: string, password: string): Promise<PrivatePostgres> {
  const programs = await findPostgres()
  if (!programs) throw new Error('no postgres server here: install postgresql')
  await using started = new AsyncDisposableStack()
  const folder = started.use(await temporaryDirectory('postgres'))
  await giveAway(folder.path)
  giveAwayTree(data)
  await giveAway(dirname(data))
  const server = started.use(await serve(data, { password, host: folder.path, programs }))
  const open = started.move()
  return { ...server, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

interface Served {
  readonly password: string
  /** Where its socket is to lie. */
  readonly host: string
  readonly programs: string
}

async function serve(data: string, { password, host, programs }: Served): Promise<PrivatePostgres> {
  await using started = new AsyncDisposableStack()
  const settings = {
    listen_addresses: '',
    unix_socket_directories: host,
    fsync: 'off',
    shared_buffers: '16MB',
    max_wal_senders: '4',
    wal_level: 'replica',
  }
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  const [command, args] = unprivileged(join(programs, 'postgres'), ['-D', data, ...options])
  const server = started.use(startProcess({ command, args }))
  const uri: PrivatePostgres['uri'] = (database, login = { user: 'postgres', password }) => {
    const [user, secret] = [login.user, login.password].map(encodeURIComponent)
    return `postgres://${user}:${secret}@/${encodeURIComponent(database)}?host=${host}`
  }
  const sql: PrivatePostgres['sql'] = async (database, text) => {
    const program = join(programs, 'psql')
    const { stdout } = await run(
      program,
      ['-XAtqw', '-v', 'ON_ERROR_STOP=1', '-c', text, uri(database)],
      { maxBuffer: 1 << 28 },
    )
    return stdout
  }
  const isReady = async (): Promise<boolean> => {
    if (!server.isRunning()) throw new Error(`postgres ended:\n${server.stderr()}`)
    return await sql('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    )
  }
  await waitFor(isReady, { timeoutMs: 30_000, what: 'postgres to answer' })
  const open = started.move()
  return {
    ...{ host, port: 5432, password, uri, sql },
    async kill() {
      // Its processes see the postmaster go, and end at once.
      server.signal('SIGKILL')
      await server.exited
    },
    async [Symbol.asyncDispose]() {
      server.signal('SIGINT') // end without waiting for clients
      await open.disposeAsync()
    },
  }
}

/** The folder with the programs of the newest server, where Debian or a PATH has one. */
export async function findPostgres(): Promise<string | undefined> {
  const base = '/usr/lib/postgresql'
  const versions = await readdir(base).catch(() => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))
  const folders = newest.map((version) => join(base, version, 'bin'))
  for (const folder of folders) if (findProgram(join(folder, 'initdb'))) return folder
  return findProgram('initdb')?.replace(/\/initdb$/, '')
}

async function makeCluster(
  programs: string,
  cluster: { readonly data: string; readonly password: string; readonly passwordFile: string },
): Promise<void> {
  await writeFile(cluster.passwordFile, cluster.password)
  await giveAway(cluster.passwordFile)
  const options = [
    '--username=postgres',
    `--pwfile=${cluster.passwordFile}`,
    '--auth=scram-sha-256',
  ]
  const [command, args] = unprivileged(join(programs, 'initdb'), [
    ...['-D', cluster.data, '--no-sync', '--locale=C.UTF-8', '--encoding=UTF8'],
    ...options,
  ])
  await run(command, args, { cwd: '/' })
}
