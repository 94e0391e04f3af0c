import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  type S3FaultProxy,
  type StartedProcess,
  startProcess,
  startS3FaultProxy,
  startTcpProxy,
  type TcpProxy,
  waitFor,
} from '@backstream/testkit'

export type Role = 'worker' | 'scheduler'

/**
 * One process with a way of its own to Redis and to the store, which can be struck. It is started
 * again when it ends by itself, as a supervisor would: one that finds no Redis when it starts does.
 */
export interface Machine extends AsyncDisposable {
  readonly name: string
  readonly role: Role
  readonly s3: S3FaultProxy
  readonly redis: TcpProxy
  readonly pid: number
  /** Ready, and neither told to end nor standing still. */
  isAtWork(): boolean
  /** Starts the process; it is not waited for. Nothing happens when it runs. */
  start(): void
  /** Resolves when the process says that it is at work. */
  ready(): Promise<void>
  /** SIGSTOP. */
  suspend(): void
  /** SIGCONT. */
  resume(): void
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it has ended by itself. */
  terminate(): Promise<void>
  /** How often it ended by itself though it had been at work: never, if all is well. */
  readonly falls: number
  /** What it has logged since it was opened, its last part. */
  log(): string
}

export interface MachineOptions {
  readonly name: string
  readonly role: Role
  readonly redisPort: number
  readonly s3Endpoint: string
  readonly configFile: string
  readonly env: Readonly<Record<string, string>>
}

const isAtWork = { worker: /serves backups/, scheduler: /scheduler is running/ } as const
const loggedBytes = 200_000
const startAgainMs = 500

export async function openMachine(options: MachineOptions): Promise<Machine> {
  const { name, role } = options
  const redis = await startTcpProxy({ port: options.redisPort })
  const s3 = await startS3FaultProxy(options.s3Endpoint)
  const env = {
    ...options.env,
    BACKSTREAM_CONFIG: options.configFile,
    BACKSTREAM_LOG_FORMAT: 'text',
    // Schedulers with different addresses would take each other for strangers.
    ...(role === 'scheduler'
      ? { REDIS_URL: `redis://127.0.0.1:${options.redisPort}`, S3_ENDPOINT: options.s3Endpoint }
      : { REDIS_URL: `redis://127.0.0.1:${redis.port}`, S3_ENDPOINT: s3.endpoint }),
  }
  const program = fileURLToPath(new URL(`${role}-process.ts`, import.meta.url))
  let current: StartedProcess | undefined
  let isReady = false
  let isAway = false
  let falls = 0
  let log = ''
  const running = () => {
    if (!current) throw new Error(`${name} has not been started`)
    return current
  }
  function start(): void {
    if (current?.isRunning()) return
    log += `--- ${name} starts\n`
    isReady = false
    isAway = false
    const started = startProcess({
      command: process.execPath,
      args: [program],
      env,
      onOutput: (text) => {
        log = (log + text).slice(-loggedBytes)
        isReady ||= started === current && isAtWork[role].test(text)
      },
    })
    current = started
    void started.exited.then(async () => {
      if (isAway || started !== current) return
      if (isReady) falls += 1
      await sleep(startAgainMs)
      if (!isAway && started === current) start()
    })
  }
  async function end(how: () => Promise<unknown>): Promise<void> {
    isAway = true
    await how()
  }
  return {
    ...{ name, role, s3, redis, start },
    get pid() {
      return running().pid
    },
    get falls() {
      return falls
    },
    isAtWork: () => isReady && !isAway && running().isRunning(),
    ready: async () => void (await waitFor(() => isReady, { timeoutMs: 60_000, what: name })),
    suspend() {
      isAway = true
      running().signal('SIGSTOP')
    },
    resume() {
      running().signal('SIGCONT')
      isAway = false
    },
    kill: () =>
      end(async () => {
        running().signal('SIGKILL')
        await running().exited
      }),
    terminate: () => end(() => running().stop(100_000)),
    log: () => log,
    async [Symbol.asyncDispose]() {
      // Let go first, or a process that waits for an answer would not end.
      s3.clear()
      redis.cut()
      redis.thaw()
      await end(async () => await current?.stop(3_000))
      await s3[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}
