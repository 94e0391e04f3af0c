import type { Plan } from './model.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** Every default of the configuration. The README and the descriptions in the schema follow it. */
export const defaults: Defaults = {
  boardListen: '127.0.0.1:7373',
  heartbeatEveryMs: 5 * minute,
  timezone: 'UTC',
  attempts: 3,
  backoff: { delayMs: 10 * second, factor: 3, maxMs: 30 * minute },
  idleTimeout: { sourceMs: 30 * minute, storeMs: 5 * minute },
  algorithm: 'zstd',
  levels: { zstd: 3, gzip: 6, none: 0 },
  overlap: 'skip',
  catchUpMs: Number.POSITIVE_INFINITY,
  shrinkPercent: 50,
  retentionGraceMs: 24 * hour,
  drillSampleFiles: 20,
  drillCommandMs: 10 * minute,
}

interface Defaults {
  readonly boardListen: string
  readonly heartbeatEveryMs: number
  readonly timezone: string
  readonly attempts: number
  readonly backoff: Plan['backoff']
  readonly idleTimeout: Plan['idleTimeout']
  readonly algorithm: Plan['compression']['algorithm']
  readonly levels: Readonly<Record<Plan['compression']['algorithm'], number>>
  readonly overlap: Plan['overlap']
  /** How old a missed run may be: any age. */
  readonly catchUpMs: number
  readonly shrinkPercent: number
  readonly retentionGraceMs: number
  readonly drillSampleFiles: number
  readonly drillCommandMs: number
}
