import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { sendRedis } from './redis-wire.ts'
import { type StartedProcess, startProcess } from './start-process.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { waitFor } from './wait-for.ts'

export interface StartPrivateRedisOptions {
  /** Default: a free one. */
  readonly port?: number
  /** Keep data in an append-only file, so that it survives `kill` and `restart`. Default false. */
  readonly appendonly?: boolean
  /** Where that file lies; a temporary folder when absent. */
  readonly dir?: string
}

export interface PrivateRedis extends AsyncDisposable {
  readonly url: string
  readonly port: number
  pid(): number
  isRunning(): boolean
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>
  /** Starts it again on the same port and folder, stopping it first if it runs. */
  restart(): Promise<void>
  flushAll(): Promise<void>
}

/** A Redis or Valkey server of one's own, on 127.0.0.1, set up as a queue wants it (noeviction). */
export async function startPrivateRedis(
  options: StartPrivateRedisOptions = {},
): Promise<PrivateRedis> {
  const program = findProgram('redis-server', 'valkey-server')
  if (!program) throw new Error('no redis-server or valkey-server here: install one of them')
  const folder = options.dir === undefined ? await temporaryDirectory('redis') : undefined
  const port = options.port ?? (await freePort())
  const url = `redis://127.0.0.1:${port}`
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir: options.dir ?? folder?.path ?? '.',
    save: '',
    appendonly: options.appendonly ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])
  let server = await startServer(program, args, url)

  return {
    url,
    port,
    pid: () => server.pid,
    isRunning: () => server.isRunning(),
    async kill() {
      server.signal('SIGKILL')
      await server.exited
    },
    async stop() {
      await server.stop()
    },
    async restart() {
      await server.stop()
      server = await startServer(program, args, url)
    },
    async flushAll() {
      await sendRedis(url, ['FLUSHALL'])
    },
    async [Symbol.asyncDispose]() {
      await server.stop()
      await folder?.[Symbol.asyncDispose]()
    },
  }
}

async function startServer(
  program: string,
  args: readonly string[],
  url: string,
): Promise<StartedProcess> {
  const server = startProcess({ command: program, args })
  const isReady = async () => {
    if (!server.isRunning()) throw new Error(`${program} ended:\n${server.stdout()}`)
    // Until it listens and has read its file it refuses: that is what is waited for.
    return await sendRedis(url, ['PING']).catch(() => false)
  }
  try {
    await waitFor(isReady, { timeoutMs: 20_000, what: `${program} to answer` })
  } catch (error) {
    await server.stop(0)
    throw error
  }
  return server
}
