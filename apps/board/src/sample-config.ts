import type { BoardConfig, Config, Plan } from '@backstream/config'

/** A whole plan for tests, of which only what matters to one need be said. */
export function samplePlan(plan: Partial<Plan> & { readonly name: string }): Plan {
  return {
    enabled: true,
    sources: [],
    storage: 'main',
    schedule: null,
    runsOn: null,
    isLocal: false,
    overdueAfterMs: 26 * 3_600_000,
    overlap: 'skip',
    catchUpMs: null,
    attempts: 3,
    backoff: { delayMs: 10_000, factor: 3, maxMs: 1_800_000 },
    timeoutMs: null,
    idleTimeout: { sourceMs: 1_800_000, storeMs: 300_000 },
    compression: { algorithm: 'zstd', level: 3 },
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

export function sampleConfig(
  options: { readonly board?: Partial<BoardConfig>; readonly plans?: readonly Plan[] } = {},
): Config {
  return {
    name: 'home',
    redis: { url: null, username: null, password: null, tls: false, sentinels: null },
    board: {
      host: '127.0.0.1',
      port: 0,
      url: null,
      basePath: '',
      trustedProxies: [],
      users: {},
      oidc: null,
      downloadMaxBytes: null,
      ...options.board,
    },
    notify: {},
    heartbeat: null,
    telemetry: null,
    limits: {},
    storages: {},
    plans: options.plans ?? [samplePlan({ name: 'media' })],
    retired: [],
    fingerprint: '',
    file: '-',
  }
}
