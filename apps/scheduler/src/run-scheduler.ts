/**
 * Keeps the job schedulers in Redis what the configuration says, for as long as it runs.
 *
 * Every few seconds, at the start and after the configuration was read again, it looks at what is in
 * Redis and mends what differs: so a wiped Redis, a blocked schedule or another scheduler's work need
 * no treatment of their own. While it runs it says who it is, for schedulers of the same name that run
 * a different configuration: then neither takes anything away.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config, Plan } from '@backstream/config'
import { maintenanceQueue } from '@backstream/jobs'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import {
  announce,
  createRunProducer,
  livePresences,
  onRunFailed,
  type QueueConnection,
  queueNamesOf,
  reconcileSchedules,
} from '@backstream/queue'
import { createSweepArmer } from './arm-sweeps.ts'
import { createCatchUp } from './catch-up.ts'
import { type CleanUp, createFailedRunHandler } from './handle-failed-run.ts'
import { reportSteps } from './report-steps.ts'
import { watchFile } from './watch-file.ts'

export interface RunSchedulerOptions {
  readonly config: Config
  /** Reads the configuration again; rejects when it is not valid. */
  reload(): Promise<Config>
  /** Looked at for changes; null or `-`: nothing to look at. */
  readonly configFile: string | null
  readonly connection: QueueConnection
  readonly logger: Logger
  readonly clock: Clock
  /** What becomes of what an attempt of a failed run may have left. Default: a `maintenance` job. */
  readonly cleanUp?: CleanUp
  /** When the newest backup of a plan was begun, as the bucket tells it; null: there is none. */
  newestBackupOf?(plan: Plan): Promise<number | null>
  readonly every?: Partial<SchedulerPace>
}

export interface SchedulerPace {
  readonly reconcileMs: number
  /** A scheduler this young removes nothing: another one with more plans may be starting as well. */
  readonly removeAfterMs: number
  readonly lookAtFileMs: number
  /**
   * After a schedule was added, before the bucket is asked what was missed: longer than a run that is
   * under way needs to learn that a wiped Redis has taken its lease.
   */
  readonly catchUpAfterMs: number
}

export interface RunningScheduler {
  /** Reads the configuration now; a bad one is logged and the old one kept. Never rejects. */
  reload(): Promise<void>
  close(): Promise<void>
}

const closeWithinMs = 3_000
const pace: SchedulerPace = {
  reconcileMs: 5_000,
  removeAfterMs: 10_000,
  lookAtFileMs: 2_000,
  catchUpAfterMs: 30_000,
}

export async function runScheduler(options: RunSchedulerOptions): Promise<RunningScheduler> {
  const { connection, logger, clock } = options
  const { reconcileMs, removeAfterMs, lookAtFileMs, catchUpAfterMs } = {
    ...pace,
    ...options.every,
  }
  const startedAtMs = clock.monotonicMs()
  const report = reportSteps(logger)
  const catchUp = createCatchUp(options, catchUpAfterMs)
  let config = options.config
  let isClosed = false
  /** One thing at a time, in order. */
  let work: Promise<void> = Promise.resolve()

  const presence = announce(connection, factsOf(config))
  await presence.update(factsOf(config))
  const failures = onRunFailed(connection, {
    queues: backupQueuesOf(config),
    handler: createFailedRunHandler(options, () => config),
  })

  const armSweeps = createSweepArmer({ producer: createRunProducer(connection), clock, logger })

  async function reconcile(): Promise<void> {
    if (isClosed) return
    try {
      const strangers = await otherConfigurations(connection, { id: presence.id, config })
      const mayChange = strangers.length === 0
      const mayRemove = mayChange && clock.monotonicMs() - startedAtMs >= removeAfterMs
      const steps = await reconcileSchedules(connection, {
        plans: config.plans,
        mayChange,
        mayRemove,
      })
      report({ steps: steps ?? [], strangers })
    } catch (error) {
      logger.warn({ err: error }, `schedules not looked at: ${describeError(error)}`)
    }
    if (!isClosed) await armSweeps(config)
  }

  const catchUpNow = async () => (isClosed ? undefined : await catchUp(config))

  async function readAgain(): Promise<void> {
    if (isClosed) return
    try {
      const changed = await readChanged(options, config)
      if (!changed) return
      config = changed
      failures.watch(backupQueuesOf(config))
      await presence.update(factsOf(config))
      logger.info({ file: config.file, plans: config.plans.length }, 'took the new configuration')
    } catch (error) {
      logger.error({ err: error }, `the old configuration stays: ${describeError(error)}`)
    }
  }

  function next(step: () => Promise<void>): Promise<void> {
    work = work.then(step)
    return work
  }
  const reload = () => next(readAgain).then(() => next(reconcile))

  await next(reconcile)
  const ticking = setInterval(() => void next(reconcile).then(() => next(catchUpNow)), reconcileMs)
  const file = isFile(options.configFile)
    ? watchFile(options.configFile, { everyMs: lookAtFileMs, onChange: reload })
    : null

  return {
    reload,
    async close() {
      clearInterval(ticking)
      file?.[Symbol.dispose]()
      isClosed = true
      // In an outage a step takes long to give up; what it does not do now, the next start does.
      await Promise.race([work, sleep(closeWithinMs, undefined, { ref: false })])
      await failures[Symbol.asyncDispose]()
      await presence[Symbol.asyncDispose]()
    },
  }
}

function isFile(file: string | null): file is string {
  return file !== null && file !== '-'
}

function factsOf(config: Config): Parameters<typeof announce>[1] {
  return {
    role: 'scheduler',
    fingerprint: config.fingerprint,
    plans: config.plans.map(({ name }) => name),
    file: config.file,
  }
}

function backupQueuesOf(config: Config): string[] {
  return queueNamesOf(config.plans).filter((queue) => queue !== maintenanceQueue)
}

async function otherConfigurations(
  connection: QueueConnection,
  me: { readonly id: string; readonly config: Config },
): Promise<string[]> {
  const schedulers = await livePresences(connection, 'scheduler')
  return schedulers
    .filter(({ id, fingerprint }) => id !== me.id && fingerprint !== me.config.fingerprint)
    .map(({ host, pid, file }) => `${host} (pid ${pid}, ${file ?? 'unknown file'})`)
    .sort()
}

/** The configuration as it is now, or null when it says what it said before. */
async function readChanged(
  { reload, logger }: RunSchedulerOptions,
  before: Config,
): Promise<Config | null> {
  const config = await reload()
  if (config.fingerprint === before.fingerprint) {
    logger.info({ file: config.file }, 'the configuration was read again and says the same')
    return null
  }
  const isHere =
    config.name === before.name && JSON.stringify(config.redis) === JSON.stringify(before.redis)
  // The connection, and all that this process has said of itself, are where it began.
  if (!isHere) throw new Error('`name` or `redis` has changed: restart the scheduler')
  return config
}
