/**
 * A database server for one drill, started from the programs that are installed here. It ends with this
 * process, however that ends: a shell between them reads from a pipe that only this process holds open.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, chown, constants, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ByteTail } from '../runners/byte-tail.ts'
import { defaultPath, minimalEnvironment } from '../runners/minimal-environment.ts'
import { SourceError } from '../source-error.ts'

const run = promisify(execFile)

export interface ThrowawayOptions {
  /** Empty, made for this; the data lies there. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

export interface ThrowawayServer extends AsyncDisposable {
  /** 0700, with a name short enough for a socket. */
  readonly socketFolder: string
}

interface ThrowawayKind {
  /** The user to run as where this process is root: such servers refuse to be. */
  readonly accounts: readonly string[]
  readonly install: (folder: string) => readonly string[]
  readonly serve: (folder: string, socketFolder: string) => readonly string[]
  /** What makes it end at once. */
  readonly endBy: 'INT' | 'TERM'
  /** Rejects as long as it does not answer. */
  readonly isReady: (socketFolder: string) => Promise<void>
}

const readyWithinMs = 120_000

export async function startThrowaway(
  kind: ThrowawayKind,
  { folder, environment, signal }: ThrowawayOptions,
): Promise<ThrowawayServer> {
  // What it writes beside its data lies with it: there is the room, and it goes with it.
  const env = { ...minimalEnvironment(environment), TMPDIR: folder }
  await using started = new AsyncDisposableStack()
  const socketFolder = await mkdtemp(join(tmpdir(), 'bs-'))
  started.defer(() => rm(socketFolder, { recursive: true, force: true }))
  const account = await accountOf(kind.accounts)
  if (account)
    for (const path of [folder, socketFolder]) await chown(path, account.uid, account.gid)
  const [installer = '', ...args] = kind.install(folder)
  await install([installer, ...args], { ...account, env, cwd: folder, signal })
  const server = new TetheredProcess(kind.serve(folder, socketFolder), {
    ...{ endBy: kind.endBy, env, cwd: folder },
    ...account,
  })
  started.defer(() => server.end())
  await waitUntilReady(server, () => kind.isReady(socketFolder), signal)
  const open = started.move()
  return { socketFolder, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

/** A program of a server, which Debian keeps off the PATH. */
export async function findServerProgram(
  name: string,
  {
    folders,
    environment,
  }: { readonly folders: readonly string[] } & Pick<ThrowawayOptions, 'environment'>,
): Promise<string> {
  const path = minimalEnvironment(environment)['PATH'] ?? defaultPath
  for (const folder of [...folders, ...path.split(delimiter), '/usr/sbin']) {
    const file = join(folder, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  throw new SourceError('command-missing', `There is no ${name} on this machine`, {
    permanent: true,
    remedy: `Install the server there, or name one that is there for drills: drill: { into: { uri: … } }.`,
  })
}

/** Debian's folders of PostgreSQL, the newest version first. */
export async function postgresFolders(): Promise<readonly string[]> {
  const base = '/usr/lib/postgresql'
  const versions = await readdir(base).catch(() => [])
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((one) => join(base, one, 'bin'))
}

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Null where this process is not root, and so may be what it is. */
async function accountOf(names: readonly string[]): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  for (const name of names) {
    try {
      const numbers = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
      const [uid, gid] = numbers.map(({ stdout }) => Number(stdout)) as [number, number]
      return { uid, gid }
    } catch {
      // There is no such user: the next one, then.
    }
  }
  throw new SourceError('command-failed', `No user ${names.join(' or ')} to run a server as`, {
    permanent: true,
    remedy: 'Run the worker as a user other than root.',
  })
}

interface StartOptions extends Partial<Account> {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

async function install(
  [program = '', ...args]: readonly string[],
  options: StartOptions & { readonly signal: AbortSignal },
): Promise<void> {
  try {
    await run(program, args, { ...options, maxBuffer: 16 << 20 })
  } catch (cause) {
    options.signal.throwIfAborted()
    const said = String((cause as { stderr?: string }).stderr ?? '').trim()
    throw new SourceError('command-failed', `${program} made no server: ${said.slice(-2000)}`, {
      cause,
      remedy: 'See whether there is room, and run it by hand.',
    })
  }
}

const tether = `"$@" </dev/null 3<&- & pid=$!
( cat <&3; kill -$END "$pid"
  for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 1; kill -0 "$pid" || exit; done
  kill -KILL "$pid" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$pid"; status=$?
kill "$watcher" 2>/dev/null
exit $status`

class TetheredProcess {
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  readonly #said = new ByteTail(4096)
  isRunning = true

  constructor(argv: readonly string[], { endBy, ...options }: StartOptions & { endBy: string }) {
    this.#child = spawn('/bin/sh', ['-c', tether, 'tether', ...argv], {
      ...options,
      env: { ...options.env, END: endBy },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#said.add(chunk))
    this.#gone = new Promise((resolve) => {
      const onGone = () => {
        this.isRunning = false
        resolve()
      }
      this.#child.once('error', onGone)
      this.#child.once('exit', onGone)
    })
  }

  get said(): string {
    return this.#said.bytes.toString().trim()
  }

  async end(): Promise<void> {
    this.#child.stdio[3]?.destroy()
    await this.#gone
    this.#child.stderr?.destroy()
  }
}

async function waitUntilReady(
  server: TetheredProcess,
  isReady: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(readyWithinMs)
  for (;;) {
    signal.throwIfAborted()
    try {
      return await isReady()
    } catch (cause) {
      signal.throwIfAborted()
      if (server.isRunning && !limit.aborted) await delay(100)
      else {
        const message = `The server for the drill does not answer. It said: ${server.said}`
        throw new SourceError('command-failed', message, { cause, remedy: 'Mend what it reports.' })
      }
    }
  }
}
