import { spawn } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { startS3Server } from '@backstream/s3-embedded'
import {
  freePort,
  type StartedProcess,
  startPrivateRedis,
  startProcess,
  type TreeSnapshot,
  temporaryDirectory,
  waitFor,
} from '@backstream/testkit'

export interface DemoInstallation extends AsyncDisposable {
  readonly folder: string
  readonly configFile: string
  readonly redisUrl: string
  readonly s3Endpoint: string
  /** Ends in a slash. */
  readonly boardUrl: string
  /** Scheduler, worker and board; resolves when the board is ready. The configuration must be there. */
  startApps(): Promise<void>
  /** Runs a command as a user would, in this terminal; rejects when its exit status is not 0. */
  run(...args: string[]): Promise<void>
  /** Rejects when a restored copy of `tree` would not fit. */
  requireSpace(tree: TreeSnapshot): Promise<void>
  /** Throws when scheduler, worker or board is gone. */
  requireApps(): void
  /** The last lines each of them wrote. */
  logTails(): string
}

const program = fileURLToPath(new URL('../apps/cli/src/main.ts', import.meta.url))
const roles = ['scheduler', 'worker', 'board'] as const

export async function openDemoInstallation(): Promise<DemoInstallation> {
  await using setUp = new AsyncDisposableStack()
  const folder = setUp.use(await temporaryDirectory('demo')).path
  const redis = setUp.use(await startPrivateRedis({ appendonly: true }))
  const s3 = setUp.use(await startS3Server({ dir: `${folder}/s3`, buckets: ['demo'] }))
  const apps = new Map<string, StartedProcess>()
  setUp.defer(async () => void (await Promise.all([...apps.values()].map((app) => app.stop()))))
  const boardUrl = `http://127.0.0.1:${await freePort()}/`
  const configFile = `${folder}/backstream.yaml`
  const env = {
    ...withoutSettings(process.env),
    BACKSTREAM_CONFIG: configFile,
    DEMO_ACCESS_KEY_ID: s3.accessKeyId,
    DEMO_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }

  function requireApps(): void {
    const gone = [...apps].find(([, app]) => !app.isRunning())
    if (gone) throw new Error(`the ${gone[0]} has ended`)
  }

  const started = setUp.move()
  return {
    folder,
    configFile,
    redisUrl: redis.url,
    s3Endpoint: s3.endpoint,
    boardUrl,
    requireApps,
    async startApps() {
      for (const role of roles) {
        const args = [program, role, '--log-format', 'text']
        apps.set(role, startProcess({ command: process.execPath, args, env }))
      }
      const isUp = async () => {
        requireApps()
        return await isReady(`${boardUrl}readyz`)
      }
      await waitFor(isUp, { timeoutMs: 60_000, what: 'the board to be ready' })
    },
    run: (...args) => runCommand(args, env),
    requireSpace: (tree) => requireSpace(folder, tree),
    logTails: () => [...apps].map(([role, app]) => logTail(role, app)).join('\n'),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

type Env = Readonly<Record<string, string | undefined>>

/** What the user has set for an installation of their own must not reach this one. */
function withoutSettings(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(BACKSTREAM_|AWS_|REDIS_URL)/.test(name)),
  )
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok
  } catch {
    // Not listening yet: that is what is waited for.
    return false
  }
}

async function runCommand(args: readonly string[], env: Env): Promise<void> {
  process.stdout.write(`  ${styleText('dim', `$ backstream ${args.join(' ')}`)}\n`)
  const child = spawn(process.execPath, [program, ...args], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`backstream ${args.join(' ')} ended with ${code}`)
}

async function requireSpace(folder: string, tree: TreeSnapshot): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const needed = [...tree.values()].reduce(
    (sum, { size }) => sum + Math.ceil(size / bsize) * bsize,
    0,
  )
  if (needed <= bavail * bsize) return
  throw new Error(
    `the restored copy takes ${needed} bytes and ${folder} has ${bavail * bsize}: set TMPDIR to a folder with room`,
  )
}

function logTail(role: string, app: StartedProcess): string {
  const lines = `${app.stdout()}${app.stderr()}`.trimEnd().split('\n').slice(-15)
  return `${styleText('bold', `--- ${role}, its last lines`)}\n${lines.join('\n')}`
}
