import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from './find-program.ts'
import { startProcess } from './start-process.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { giveAway, unprivileged } from './unprivileged.ts'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)

export interface PrivateMariadb extends AsyncDisposable {
  /** Its only way in. */
  readonly socket: string
  /** Of `root`. */
  readonly password: string
  /** With the password in it. */
  uri(database: string, login?: { readonly user: string; readonly password: string }): string
  /** Runs SQL as `root`; what the client prints, without names of columns. */
  sql(database: string, text: string): Promise<string>
  kill(): Promise<void>
}

/** A MariaDB server of one's own in a temporary folder, reached by a socket only. */
export async function startPrivateMariadb(): Promise<PrivateMariadb> {
  const [server, install] = [findProgram('mariadbd'), findProgram('mariadb-install-db')]
  if (!(server && install)) throw new Error('no mariadbd here: install mariadb-server')
  await using started = new AsyncDisposableStack()
  const folder = started.use(await temporaryDirectory('mariadb'))
  await giveAway(folder.path)
  const data = join(folder.path, 'data')
  await mkdir(data)
  await giveAway(data)
  const first = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db']
  const [installer, installArgs] = unprivileged(install, [...first, `--datadir=${data}`])
  await run(installer, installArgs, { cwd: folder.path })
  const socket = join(folder.path, 'socket')
  const [command, args] = unprivileged(server, [
    ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking'],
    ...[
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=32M',
      '--event-scheduler=OFF',
    ],
    `--pid-file=${join(folder.path, 'pid')}`,
  ])
  const running = started.use(startProcess({ command, args, cwd: folder.path }))
  const password = 'p@ss"w\\or#d %41'
  let pass = ''
  const sql: PrivateMariadb['sql'] = async (database, text) => {
    const login = ['--no-defaults', `--socket=${socket}`, '--user=root', `--password=${pass}`]
    const mode = ['--batch', '--skip-column-names', '--default-character-set=utf8mb4']
    const { stdout } = await run('mariadb', [...login, ...mode, '--execute', text, database], {
      maxBuffer: 1 << 28,
    })
    return stdout
  }
  const isReady = async (): Promise<boolean> => {
    if (!running.isRunning()) throw new Error(`mariadbd ended:\n${running.stderr()}`)
    return await sql('', 'SELECT 1').then(
      () => true,
      () => false,
    )
  }
  await waitFor(isReady, { timeoutMs: 60_000, what: 'mariadbd to answer' })
  await sql('', `ALTER USER root@localhost IDENTIFIED BY '${password.replaceAll('\\', '\\\\')}'`)
  pass = password
  const open = started.move()
  return {
    ...{ socket, password, sql },
    uri(database, login = { user: 'root', password }) {
      const [user, secret] = [login.user, login.password].map(encodeURIComponent)
      return `mariadb://${user}:${secret}@localhost/${encodeURIComponent(database)}?socket=${socket}`
    },
    async kill() {
      running.signal('SIGKILL')
      await running.exited
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
