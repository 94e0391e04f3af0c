import type { Config, Plan, Schedule } from '@backstream/config'
import { type Logger, silentLogger, systemClock } from '@backstream/kernel'
import type { QueueConnection } from '@backstream/queue'
import { type RunningScheduler, runScheduler } from '@backstream/scheduler'

const hourly: Schedule = { kind: 'every', everyMs: 3_600_000, jitterMs: 0 }
export const everySecond: Schedule = { kind: 'every', everyMs: 1_000, jitterMs: 0 }

export function planOf(name: string, plan: Partial<Plan> = {}): Plan {
  return {
    name,
    enabled: true,
    sources: [],
    storage: 'main',
    schedule: hourly,
    runsOn: null,
    isLocal: false,
    overdueAfterMs: null,
    overlap: 'skip',
    catchUpMs: Number.POSITIVE_INFINITY,
    attempts: 3,
    backoff: { delayMs: 10_000, factor: 3, maxMs: 1_800_000 },
    timeoutMs: null,
    idleTimeout: { sourceMs: 1, storeMs: 1 },
    compression: { algorithm: 'none', level: 0 },
    cpus: null,
    encryption: null,
    retention: null,
    minSizeBytes: null,
    shrinkPercent: null,
    verify: null,
    drill: null,
    hooks: null,
    limits: [],
    notify: [],
    ...plan,
  }
}

export function configOf(plans: readonly Plan[]): Config {
  return {
    name: 'test',
    redis: { url: null, username: null, password: null, tls: false, sentinels: null },
    board: {
      host: '127.0.0.1',
      port: 0,
      url: null,
      basePath: '/',
      trustedProxies: [],
      users: {},
      oidc: null,
      downloadMaxBytes: null,
    },
    notify: {},
    heartbeat: null,
    telemetry: null,
    limits: {},
    storages: {},
    plans,
    retired: [],
    fingerprint: JSON.stringify(plans),
    file: 'test.yaml',
  }
}

/** A scheduler that looks often and need not be old to remove. `config` is read at each reload. */
export async function startTestScheduler(
  connection: QueueConnection,
  config: () => Config,
  options: {
    readonly logger?: Logger
    readonly configFile?: string
    readonly removeAfterMs?: number
    readonly newestBackupOf?: (plan: { name: string }) => Promise<number | null>
    readonly cleanUp?: (attempt: { plan: string; backup: string }) => Promise<unknown>
  } = {},
): Promise<RunningScheduler & AsyncDisposable> {
  const scheduler = await runScheduler({
    config: config(),
    reload: async () => config(),
    configFile: options.configFile ?? null,
    connection,
    logger: options.logger ?? silentLogger,
    clock: systemClock,
    ...(options.cleanUp ? { cleanUp: options.cleanUp } : {}),
    ...(options.newestBackupOf ? { newestBackupOf: options.newestBackupOf } : {}),
    every: {
      ...{ reconcileMs: 100, lookAtFileMs: 50, catchUpAfterMs: 300 },
      removeAfterMs: options.removeAfterMs ?? 0,
    },
  })
  return { ...scheduler, [Symbol.asyncDispose]: () => scheduler.close() }
}
