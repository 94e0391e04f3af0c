import type { JobsOptions } from 'bullmq'

/** What the queue needs to know of a plan; a `Plan` of the configuration is one. */
export interface PlanRef {
  readonly name: string
  /** A worker's name, `any`, or null: decides the queue. */
  readonly runsOn: string | null
  readonly attempts: number
  readonly backoff: Backoff
}

export interface Backoff {
  readonly delayMs: number
  readonly factor: number
  readonly maxMs: number
}

/**
 * Per queue, and only a net below the keeping by plan that workers do (keep-runs.ts): records that a
 * worker had no time to count are bounded by it.
 */
const keptPerQueue = 50_000

/** The options of every run of the plan, scheduled or by hand. */
export function runJobOptions(plan: PlanRef): JobsOptions {
  return { attempts: plan.attempts, backoff: backoffOption(plan.backoff), ...keeping }
}

/** Clean-up goes on for days: what it removes costs money until it is gone. */
export function cleanupJobOptions(): JobsOptions {
  const backoff = { delayMs: 30_000, factor: 2, maxMs: 3_600_000 }
  return { attempts: 100, backoff: backoffOption(backoff), ...keeping }
}

/** The next sweep looks again in any case: these attempts bridge an outage. */
export function sweepJobOptions(): JobsOptions {
  const backoff = { delayMs: 60_000, factor: 3, maxMs: 1_800_000 }
  return { attempts: 5, backoff: backoffOption(backoff), ...keeping }
}

/** A few hours of attempts: what is due again comes again in any case. */
export function upkeepJobOptions(): JobsOptions {
  const backoff = { delayMs: 60_000, factor: 3, maxMs: 3_600_000 }
  return { attempts: 6, backoff: backoffOption(backoff), ...keeping }
}

/** What a second attempt would find is a directory that is not empty. */
export function restoreJobOptions(): JobsOptions {
  return { attempts: 1, ...keeping }
}

/** Until it is done a stolen key may remove the backup: it goes on for days. */
export function lockJobOptions(): JobsOptions {
  return cleanupJobOptions()
}

/** Half a day of attempts: longer than most outages, and shorter than the news is worth something. */
export function notifyJobOptions(): JobsOptions {
  const backoff = { delayMs: 10_000, factor: 3, maxMs: 1_800_000 }
  return { attempts: 28, backoff: backoffOption(backoff), ...keeping }
}

const keeping: JobsOptions = {
  removeOnComplete: { count: keptPerQueue },
  removeOnFail: { count: keptPerQueue },
  keepLogs: 1000,
  stackTraceLimit: 3,
}

const backoffType = 'backstream'
/** BullMQ stores the whole object with the job, and so hands all of it to the worker's strategy. */
interface BackoffOption {
  type: string
  delay: number
  factor: number
  max: number
}

function backoffOption({ delayMs, factor, maxMs }: Backoff): BackoffOption {
  return { type: backoffType, delay: delayMs, factor, max: maxMs }
}

/** The backoff in a job's options; the default where it is not one of ours. Never throws. */
export function readBackoff(option: unknown): Backoff {
  const { delay, factor, max } = (option ?? {}) as Partial<BackoffOption>
  return {
    delayMs: isPositive(delay) ? delay : 10_000,
    factor: isPositive(factor) ? factor : 3,
    maxMs: isPositive(max) ? max : 1_800_000,
  }
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
