/** An installation in every state a board can show, for tests that look at pages and for pictures. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readManifest, recordVerification, runBackup } from '@backstream/backup'
import { type Board, startBoard } from '@backstream/board'
import { type Config, parseConfig } from '@backstream/config'
import type { BackupRunPayload, RunResult } from '@backstream/jobs'
import { silentLogger, systemClock } from '@backstream/kernel'
import {
  type ActiveRun,
  createRunProducer,
  createRunWorker,
  openBoardQueues,
  openQueueConnection,
  type QueueConnection,
  type RunProducer,
  reconcileSchedules,
} from '@backstream/queue'
import { createDirectorySource } from '@backstream/sources'
import { createMemoryStorage, type Storage, StorageError } from '@backstream/storage'
import {
  type CollectingLogger,
  collectLogger,
  openTestRedis,
  temporaryDirectory,
  waitFor,
} from '@backstream/testkit'
import { writeHistory } from './board-history.ts'

export interface SampleBoard extends AsyncDisposable {
  readonly board: Board
  readonly log: CollectingLogger
  readonly config: Config
  readonly connection: QueueConnection
  readonly producer: RunProducer
  readonly storage: Storage
  /** The suspect one of `invoices`, and one of `media` that has all its objects. */
  readonly backups: { readonly suspect: string; readonly whole: string }
  /** Lets the runs of a plan that hang go on. */
  release(plan: HeldPlan): void
}

/** Plans whose runs hang until they are let go. */
const heldPlans = ['new-nas', 'letters'] as const
type HeldPlan = (typeof heldPlans)[number]

const hour = 3_600_000
const day = 24 * hour

const yaml = (name: string, board: string) => `
version: 1
name: ${name}
redis: redis://unused
board: { listen: "127.0.0.1:0", downloads: 1MiB${board} }
storages: { main: { kind: s3, bucket: backups, prefix: prod }, cold: { kind: s3, bucket: attic } }
defaults:
  storage: main
  attempts: 1
  schedule: { cron: "15 3 * * *", timezone: Europe/Berlin }
  retention: { keepLast: 3, keepDaily: 7, keepWeekly: 4, keepMonthly: 12 }
plans:
  media: { source: { kind: directory, path: /srv/media } }
  shop-db: { runsOn: db, source: { kind: command, argv: [pg_dump, shop] } }
  invoices: { source: { kind: directory, path: /srv/invoices } }
  mail: { overdueAfter: 26h, source: { kind: directory, path: /var/mail } }
  homes: { source: { kind: directory, path: /home } }
  attic: { storage: cold, source: { kind: directory, path: /srv/attic } }
  letters: { source: { kind: directory, path: /srv/letters } }
  wiki: { schedule: { every: 1h }, source: { kind: directory, path: /srv/wiki } }
  new-nas: { source: { kind: directory, path: /srv/nas } }
  old-crm: { enabled: false, source: { kind: directory, path: /srv/crm } }
`

/** `board`: further keys of the configuration's own; `name`: of the installation, for pictures. */
export async function openSampleBoard(board = '', name?: string): Promise<SampleBoard> {
  await using stack = new AsyncDisposableStack()
  const redis = stack.use(await openTestRedis())
  const config = readConfig(yaml(name ?? redis.prefix, board))
  const clock = systemClock
  const storage = createMemoryStorage()
  const suspect = await writeHistories(storage, clock.now())
  const whole = await backUpTree(storage, config.name)
  const connection = stack.use(
    await openQueueConnection({
      ...{ redis: { url: redis.url }, installation: config.name },
      ...{ logger: silentLogger, clock },
    }),
  )
  const { plans } = config
  await reconcileSchedules(connection, { plans, mayChange: true, mayRemove: true })
  const producer = createRunProducer(connection)
  const held = new Set<string>(heldPlans)
  const worker = stack.use(
    createRunWorker(connection, {
      ...{ serves: ['backups', 'maintenance'], concurrency: 4, workerName: 'clerk' },
      ...{ host: 'here', knowsPlan: () => true },
      processors: {
        'backup.run': (run) => pretend(run, held),
        'backup.cleanup': async () => {},
      },
    }),
  )
  await worker.ready()
  await playRuns(config, producer)
  const [paused] = openBoardQueues(connection, ['backups.db'])
  await paused?.pause()
  const log = collectLogger()
  const started = await startBoard({
    ...{ config, connection, logger: log, clock, identityFile: null },
    openStorage: async (name) => {
      if (name === 'main') return storage
      throw new StorageError('network', 's3://attic does not answer: connect ETIMEDOUT')
    },
    openMaintenance: async () => storage,
    env: { TZ: 'Europe/Berlin', ANN: 'turnip', VIC: 'radish' },
  })
  stack.defer(() => started.close())
  stack.defer(() => held.clear())
  const resources = stack.move()
  return {
    ...{ board: started, log, config, connection, producer, storage },
    backups: { suspect, whole },
    release: (plan) => void held.delete(plan),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function readConfig(text: string): Config {
  const result = parseConfig(text, { file: 'board.yaml', env: {} })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2))
  return result.config
}

/** Days back from now, oldest first, at a quarter past three. */
function nightly(nowMs: number, from: number, to = 0): number[] {
  const last = nowMs - 5 * hour
  return Array.from({ length: from - to }, (_, at) => last - (from - 1 - at) * day)
}

async function writeHistories(storage: Storage, nowMs: number): Promise<string> {
  const grow = (from: number, step: number) => (index: number) =>
    from + index * step + Math.sin(index) * step * 2
  const took = (index: number) => 240_000 + Math.sin(index / 3) * 40_000 + index * 900
  const write = (plan: string, at: readonly number[], more = {}) =>
    writeHistory(storage, { plan, at, durationMs: took, bytes: grow(3e9, 4e7), ...more })
  await write('media', nightly(nowMs, 90), { bytes: grow(1.1e11, 4e8) })
  await write('shop-db', nightly(nowMs, 60).slice(0, -1), { bytes: grow(8e8, 3e6) })
  const invoices = await write('invoices', nightly(nowMs, 45), {
    bytes: (index: number) => (index === 44 ? 2.1e8 : 2.9e9 + index * 1e6),
    isSuspect: (index: number) => index === 44 || index === 20,
  })
  await write('mail', nightly(nowMs, 50).slice(0, -4), { bytes: grow(2.2e10, 2e8) })
  const gaps = (_: number, at: number) => at % 9 !== 4
  await write('homes', nightly(nowMs, 30).filter(gaps), { bytes: grow(4.4e10, 1e8) })
  const hourly = Array.from({ length: 300 }, (_, at) => nowMs - 0.6 * hour - (299 - at) * hour)
  await write('wiki', hourly, { bytes: grow(6e7, 2e4), durationMs: () => 9_000 })
  await write(
    'old-crm',
    nightly(nowMs, 8).map((ms) => ms - 90 * day),
  )
  await write(
    'former-plan',
    nightly(nowMs, 3).map((ms) => ms - 200 * day),
  )
  await verify(storage, 'wiki', { depth: 'deep', bytes: 6e7, problems: [] })
  await verify(storage, 'media', { depth: 'stored', bytes: 4e10, problems: [] })
  return invoices.at(-1) ?? ''
}

async function verify(
  storage: Storage,
  plan: string,
  report: Parameters<typeof recordVerification>[1]['report'],
): Promise<void> {
  const keys: string[] = []
  for await (const { key } of storage.list(`${plan}/`)) keys.push(key)
  const backup = /\/(\S+)\.json$/.exec(keys.findLast((key) => key.endsWith('.json')) ?? '')?.[1]
  const manifest = await readManifest(storage, { plan, backup: backup ?? '' })
  if (!manifest) throw new Error(`no backup of ${plan}`)
  const options = { clock: systemClock, signal: AbortSignal.timeout(30_000) }
  const note = { manifest, report, by: 'worker nas', durationMs: 4200 }
  await recordVerification(storage, note, options)
}

/** One backup of `letters` with everything behind it, to look into. */
async function backUpTree(storage: Storage, installation: string): Promise<string> {
  await using folder = await temporaryDirectory('board-sample')
  for (const [path, text] of Object.entries(letters)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  const options = { exclude: [], include: [], excludeFile: null, excludeIfPresent: [] } as const
  const source = createDirectorySource({
    ...{
      kind: 'directory',
      via: null,
      path: folder.path,
      at: '',
      onUnreadable: 'error',
      allowEmpty: false,
      ...options,
    },
    ...{ excludeCaches: false, excludeLargerThanBytes: null, oneFileSystem: false },
  })
  const guard = {
    drawFence: async (floor: number) => floor + 1,
    recordAttempt: async () => {},
    assertMayCommit: async () => {},
  }
  const { backup } = await runBackup(
    { storage, sources: [source], clock: systemClock, logger: silentLogger, guard },
    {
      ...{ installation, trigger: 'manual' },
      plan: {
        ...{ name: 'letters', cpus: 1, encryption: null },
        compression: { algorithm: 'zstd', level: 1 },
        idleTimeout: { sourceMs: 60_000 },
      },
      run: { id: '1@1', attempt: 1, worker: 'nas', host: 'nas.local', scheduledForMs: null },
      tool: { name: 'backstream', version: '0.1.0' },
      store: { storageClass: null, sse: null },
      signal: AbortSignal.timeout(60_000),
    },
  )
  return backup
}

const letters = {
  "2025/to do & don't.txt": 'write the report\n',
  '2026/old/list.txt': 'eggs\n',
  '2026/to ann.txt': 'Dear Ann\n',
  '2026/to bob [draft].txt': 'Dear Bob\n',
  'README.md': '# Letters\n',
}

async function playRuns(config: Config, producer: RunProducer): Promise<void> {
  const begin = async (name: string) => {
    const plan = config.plans.find((candidate) => candidate.name === name)
    if (!plan) throw new Error(`no plan ${name}`)
    return await producer.enqueueRun({ plan, trigger: 'manual' })
  }
  const failed = await begin('homes')
  await waitFor(async () => (await producer.getRun(failed))?.state === 'failed', {
    what: 'the run of homes to fail',
  })
  await begin('new-nas')
  await begin('shop-db')
  await waitFor(
    async () => {
      const [run] = await producer.findRuns({ plan: 'new-nas', states: ['active'], limit: 1 })
      return run?.progress
    },
    { what: 'the run of new-nas to be under way' },
  )
}

async function pretend(
  { payload, log, progress, signal }: ActiveRun<BackupRunPayload>,
  held: ReadonlySet<string>,
): Promise<RunResult> {
  await log(`reading ${payload.plan}`)
  if (payload.plan === 'homes') {
    throw new Error('/home/ann/.cache/lock: permission denied (EACCES)')
  }
  progress({
    ...{ phase: 'streaming', bytesRead: 4.6e9, bytesStored: 1.7e9, entries: 12_000 },
    ...{ bytesTotal: 1.1e10, percent: 41, bytesPerSecond: 8.4e7, etaSeconds: 76 },
    slowest: 'upload',
  })
  while (held.has(payload.plan)) await sleep(50, undefined, { signal })
  const { plan } = payload
  return {
    ...{ outcome: 'committed', plan, backup: '20261123T031500Z-000042', status: 'good' },
    ...{ bytes: 4096, entries: 3, storedBytes: 1024, durationMs: 10, warnings: 0 },
  }
}
