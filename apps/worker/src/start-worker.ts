import { hostname } from 'node:os'
import { parseAgeIdentities } from '@backstream/backup'
import { type Config, type Plan, resolveSecret } from '@backstream/config'
import { backupsQueue, maintenanceQueue } from '@backstream/jobs'
import type { Clock, Logger } from '@backstream/kernel'
import { createTell } from '@backstream/notify'
import {
  createRunProducer,
  createRunWorker,
  openAlarmMemory,
  openConfiguredQueue,
  type QueueConnection,
  type RunBell,
} from '@backstream/queue'
import { openSource } from '@backstream/sources'
import { createPace, type Pace } from '@backstream/storage'
import { openConfiguredStorage } from '@backstream/storage-s3'
import metadata from '../package.json' with { type: 'json' }
import { createCollecting } from './collect-after-runs.ts'
import { keepHeapSmall } from './keep-heap-small.ts'
import { openConfiguredTracing } from './open-configured-tracing.ts'
import { openHooks } from './open-hooks.ts'
import { processBackupCleanup } from './processors/backup-cleanup.ts'
import { processBackupDrill } from './processors/backup-drill.ts'
import { processBackupLock } from './processors/backup-lock.ts'
import { processBackupPrune } from './processors/backup-prune.ts'
import { processBackupRestore } from './processors/backup-restore.ts'
import { processBackupRun } from './processors/backup-run.ts'
import { processBackupSweep } from './processors/backup-sweep.ts'
import { processBackupVerify } from './processors/backup-verify.ts'
import { processNotifySend } from './processors/notify-send.ts'
import { findCommitted } from './run-result.ts'
import { createRunTeller } from './tell-of-run.ts'
import { traceUpkeep } from './trace-upkeep.ts'
import type { WorkerContext } from './worker-context.ts'
import { defaultTiming, type WorkerTiming } from './worker-timing.ts'

export type { WorkerTiming } from './worker-timing.ts'

export interface StartWorkerOptions {
  readonly config: Config
  /** The environment that secret references read. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly clock: Clock
  /** `worker --name nas` serves `backups.nas` only; null serves `backups` and `maintenance`. */
  readonly name: string | null
  /** Queues to serve instead of those that follow from the name. */
  readonly serves?: readonly string[] | null
  readonly concurrency?: number | null
  /** Rung whenever a run has ended: somebody waits for one, and ends the process with it. */
  readonly bell?: RunBell | undefined
  /** Shorter times make tests of dead workers short. */
  readonly timing?: Partial<WorkerTiming>
}

export interface RunningWorker {
  readonly serves: readonly string[]
  /** Stops fetching, gives active runs `graceMs`, then aborts them, cleans up and hands them back. */
  close(options: { readonly graceMs: number }): Promise<void>
}

const defaultConcurrency = 2

export async function startWorker(options: StartWorkerOptions): Promise<RunningWorker> {
  const { config, env, logger, clock } = options
  keepHeapSmall()
  const connection = await openConfiguredQueue(config, { env, logger, clock })
  try {
    return await serve(options, connection)
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

async function serve(
  options: StartWorkerOptions,
  connection: QueueConnection & AsyncDisposable,
): Promise<RunningWorker> {
  const { config, logger } = options
  const producer = createRunProducer(connection)
  const tracing = await openConfiguredTracing(options)
  const context = createContext(options, { connection, producer, tracing })
  const serves = servedQueues(options)
  const collecting = createCollecting({ isForOneRun: options.bell !== undefined })
  const { lockMs, stalledCheckMs } = { ...defaultTiming, ...options.timing }
  const worker = createRunWorker(connection, {
    serves,
    concurrency: options.concurrency ?? defaultConcurrency,
    workerName: context.workerName,
    host: context.host,
    knowsPlan: (name) => config.plans.some((plan) => plan.name === name),
    plans: config.plans.map(({ name }) => name),
    bell: options.bell,
    fingerprint: config.fingerprint,
    committedBy: (run) => findCommitted(context, run),
    lockMs,
    stalledCheckMs,
    processors: {
      'backup.run': (run) => collecting(() => processBackupRun(context, run)),
      'backup.cleanup': (run) => processBackupCleanup(context, run),
      'backup.sweep': (run) =>
        traceUpkeep(context, { what: 'sweep', run }, () => processBackupSweep(context, run)),
      'notify.send': (run) => processNotifySend(context, run),
      'backup.verify': (run) =>
        traceUpkeep(context, { what: 'verify', run }, () =>
          collecting(() => processBackupVerify(context, run)),
        ),
      'backup.drill': (run) =>
        traceUpkeep(context, { what: 'drill', run }, () =>
          collecting(() => processBackupDrill(context, run)),
        ),
      'backup.lock': (run) =>
        traceUpkeep(context, { what: 'lock', run }, () => processBackupLock(context, run)),
      'backup.prune': (run) =>
        traceUpkeep(context, { what: 'prune', run }, () => processBackupPrune(context, run)),
      'backup.restore': (run) =>
        traceUpkeep(context, { what: 'restore', run }, () =>
          collecting(() => processBackupRestore(context, run)),
        ),
    },
  })
  await worker.ready()
  logger.info(
    { worker: context.workerName, serves, plans: config.plans.length },
    `worker ${context.workerName} serves ${serves.join(', ')}`,
  )
  return {
    serves,
    close: async ({ graceMs }) => {
      await worker.close({ graceMs })
      await tracing?.[Symbol.asyncDispose]()
      await producer[Symbol.asyncDispose]()
      await connection[Symbol.asyncDispose]()
    },
  }
}

function servedQueues({ name, serves }: StartWorkerOptions): string[] {
  if (serves && serves.length > 0) return [...serves]
  return name === null ? [backupsQueue, maintenanceQueue] : [`${backupsQueue}.${name}`]
}

function createContext(
  options: StartWorkerOptions,
  opened: Pick<WorkerContext, 'connection' | 'producer' | 'tracing'>,
): WorkerContext {
  const { config, env, logger, clock } = options
  const host = hostname()
  const paces = pacesOf(config)
  const { enqueueNotification: enqueue } = opened.producer
  const tell = createTell({ config: () => config, enqueue, clock, logger })
  return {
    config,
    workerName: options.name ?? host,
    host,
    tool: { name: 'backstream', version: metadata.version },
    clock,
    logger,
    ...opened,
    leaseTtlMs: { ...defaultTiming, ...options.timing }.leaseTtlMs,
    teller: createRunTeller({ tell, alarms: openAlarmMemory(opened.connection), clock, logger }),
    resolveSecret: (ref) => resolveSecret(ref, env),
    planNamed: (name) => planNamed(config, name),
    openStorage: ({ storage, idleTimeout }) =>
      openConfiguredStorage(storageNamed(config, storage), {
        ...{ env, logger, clock },
        idleTimeoutMs: idleTimeout.storeMs,
        pace: paces.get(storage),
      }),
    openMaintenance: (name) => {
      const storage = storageNamed(config, name)
      const credentials = storage.maintenance?.credentials ?? storage.credentials
      return openConfiguredStorage({ ...storage, credentials }, { env, logger, clock })
    },
    readIdentities: async (ref) => parseAgeIdentities(await resolveSecret(ref, env)),
    environment: env,
    openSources: async (plan) =>
      await Promise.all(
        plan.sources.map((source) =>
          openSource(source, { environment: env, resolveSecret: (ref) => resolveSecret(ref, env) }),
        ),
      ),
    hooksOf: ({ hooks }) => openHooks(hooks, env),
    storeOf: (name) => {
      const { storageClass, sse } = storageNamed(config, name)
      return { storageClass, sse: sse && (sse.kind === 'kms' ? `kms:${sse.keyId}` : sse.kind) }
    },
  }
}

/** One for each storage with a `bandwidth`: what all runs of this worker may send there together. */
function pacesOf({ storages }: Config): ReadonlyMap<string, Pace> {
  return new Map(
    Object.values(storages).flatMap(({ name, bandwidthBytesPerSecond: rate }) =>
      rate === null ? [] : [[name, createPace(rate)] as const],
    ),
  )
}

function planNamed(config: Config, name: string): Plan {
  const plan = config.plans.find((candidate) => candidate.name === name)
  // The queue hands over only runs whose plan this worker knows.
  if (!plan) throw new Error(`no plan ${name}`)
  return plan
}

function storageNamed(config: Config, name: string): Config['storages'][string] {
  const storage = config.storages[name]
  // Loading the configuration checks that every plan's storage exists.
  if (!storage) throw new Error(`no storage ${name}`)
  return storage
}
