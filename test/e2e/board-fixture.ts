import { setTimeout as sleep } from 'node:timers/promises'
import { type Board, startBoard } from '@backstream/board'
import { type Config, type Plan, parseConfig } from '@backstream/config'
import type { BackupRunPayload, RunResult } from '@backstream/jobs'
import { silentLogger, systemClock } from '@backstream/kernel'
import {
  type ActiveRun,
  createRunProducer,
  createRunWorker,
  openQueueConnection,
  type QueueConnection,
  type RunProducer,
  type RunSummary,
  reconcileSchedules,
} from '@backstream/queue'
import { createMemoryStorage } from '@backstream/storage'
import {
  type CollectingLogger,
  collectLogger,
  findProgram,
  openTestRedis,
  waitFor,
} from '@backstream/testkit'
import { type Browser, chromium } from 'playwright-core'

export interface BoardFixture extends AsyncDisposable {
  readonly board: Board
  /** What the board said. */
  readonly log: CollectingLogger
  readonly config: Config
  readonly connection: QueueConnection
  readonly producer: RunProducer
  /** Plans whose runs fail until they are taken out. */
  readonly failing: Set<string>
  /** Plans whose runs do not end until they are taken out. */
  readonly holding: Set<string>
  /** Attempts so far, of all runs. */
  readonly attempts: readonly { readonly run: string; readonly payload: BackupRunPayload }[]
  plan(name: string): Plan
  /** Resolves with the run once it has ended. */
  ended(jobId: string): Promise<RunSummary>
}

/** For the users of a board that has some. */
export const passwords = { ANN: 'turnip', VIC: 'radish' } as const

/** One plan is due every second, the others on no day anybody tests on. */
const plans = `
  media: { schedule: "15 3 29 2 *", source: { kind: directory, path: /srv/media } }
  shop: { attempts: 2, source: { kind: directory, path: /srv/shop } }
  clock: { attempts: 1, schedule: { every: 1s }, runsOn: clock, source: { kind: directory, path: /srv } }
  far: { runsOn: nas, schedule: { every: 6h }, source: { kind: directory, path: /srv } }
`

/** A board on a real Redis, schedules, and a worker that runs nothing but says how it went. */
export async function openBoard(board = ''): Promise<BoardFixture> {
  await using stack = new AsyncDisposableStack()
  const redis = stack.use(await openTestRedis())
  const config = readConfig(redis.prefix, board)
  const clock = systemClock
  const connection = stack.use(
    await openQueueConnection({
      redis: { url: redis.url },
      installation: config.name,
      logger: silentLogger,
      clock,
    }),
  )
  await reconcileSchedules(connection, {
    plans: config.plans,
    mayChange: true,
    mayRemove: true,
  })
  const failing = new Set<string>()
  const holding = new Set<string>()
  const attempts: { run: string; payload: BackupRunPayload }[] = []
  const worker = stack.use(
    createRunWorker(connection, {
      serves: ['backups', 'backups.clock'],
      concurrency: 2,
      workerName: 'clerk',
      host: 'here',
      knowsPlan: () => true,
      processors: {
        'backup.run': async (run) => {
          attempts.push({ run: run.id, payload: run.payload })
          return await pretend(run, { failing, holding })
        },
        'backup.cleanup': async () => {},
      },
    }),
  )
  await worker.ready()
  const producer = createRunProducer(connection)
  const log = collectLogger()
  const storage = createMemoryStorage()
  const started = await startBoard({
    config,
    connection,
    openStorage: async () => storage,
    openMaintenance: async () => storage,
    identityFile: null,
    logger: log,
    clock,
    env: { TZ: 'Europe/Berlin', ...passwords },
  })
  stack.defer(() => started.close())
  const resources = stack.move()
  return {
    board: started,
    log,
    config,
    connection,
    producer,
    failing,
    holding,
    attempts,
    plan: (name) => planNamed(config, name),
    ended: (jobId) =>
      waitFor(
        async () => {
          const runs = await producer.findRuns({ states: ['completed', 'failed'], limit: 1000 })
          return runs.find(({ ref }) => ref.jobId === jobId)
        },
        { timeoutMs: 30_000, what: `run ${jobId} to end` },
      ),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function readConfig(name: string, board: string): Config {
  const text = `
version: 1
name: ${name}
redis: redis://unused
${board === '' ? 'board: { listen: "127.0.0.1:0" }' : board}
storages: { main: { kind: s3, bucket: unused } }
defaults: { storage: main }
plans:${plans}`
  const result = parseConfig(text, { file: 'board.yaml', env: {} })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2))
  const backoff = { delayMs: 20, factor: 1, maxMs: 20 }
  return { ...result.config, plans: result.config.plans.map((plan) => ({ ...plan, backoff })) }
}

function planNamed(config: Config, name: string): Plan {
  const plan = config.plans.find((candidate) => candidate.name === name)
  if (!plan) throw new Error(`no plan ${name}`)
  return plan
}

async function pretend(
  { payload, log, progress, signal }: ActiveRun<BackupRunPayload>,
  { failing, holding }: Pick<BoardFixture, 'failing' | 'holding'>,
): Promise<RunResult> {
  await log(`reading ${payload.plan}`)
  while (holding.has(payload.plan)) await sleep(20, undefined, { signal })
  if (failing.has(payload.plan)) throw new Error('the shop is closed')
  progress({
    phase: 'committing',
    bytesRead: 4096,
    bytesStored: 1024,
    entries: 3,
    bytesTotal: 4096,
    percent: 100,
    bytesPerSecond: 4096,
    etaSeconds: 0,
  })
  return {
    outcome: 'committed',
    plan: payload.plan,
    backup: '20261123T031500Z-000042',
    status: 'good',
    bytes: 4096,
    entries: 3,
    storedBytes: 1024,
    durationMs: 10,
    warnings: 0,
  }
}

/** What a page of the board would send along with a change. */
export async function tokenOf(
  url: string,
  headers: Record<string, string> = {},
): Promise<Record<string, string>> {
  const page = await fetch(`${url}/`, { headers })
  const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  const token = cookies.find((cookie) => cookie.startsWith('XSRF-TOKEN='))?.slice(11) ?? ''
  return { cookie: cookies.join('; '), 'x-xsrf-token': token }
}

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function findBrowser(): string | undefined {
  return findProgram('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome')
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: quiet })
}
