/**
 * Keeps the job schedulers in Redis what the configuration says, for as long as it runs.
 *
 * Every few seconds, at the start and after the configuration was read again, it looks at what is in
 * Redis and mends what differs: so a wiped Redis, a blocked schedule or another scheduler's work need
 * no treatment of their own. While it runs it says who it is, for schedulers of the same name that run
 * a different configuration: then neither takes anything away.
 */
import type { Config, Plan } from '@backstream/config'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { announce, createRunProducer, type QueueConnection, queueNamesOf } from '@backstream/queue'
import { createSweepArmer } from './arm-sweeps.ts'
import { createUpkeepArmer } from './arm-upkeep.ts'
import { createCatchUp } from './catch-up.ts'
import type { CleanUp } from './handle-failed-run.ts'
import { createScheduleKeeper } from './keep-schedules.ts'
import { readChangedConfig } from './read-changed-config.ts'
import { takeTurns } from './take-turns.ts'
import { watchFile } from './watch-file.ts'
import { type Freshness, watchForTrouble } from './watch-for-trouble.ts'

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
  newestBackupOf?(plan: Plan, config: Config): Promise<number | null>
  /** Where the plans' backups lie; without it nobody looks whether plans are overdue. */
  readonly freshness?: Freshness
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
  /** Between two looks at the buckets. Default: by the limits of the plans. */
  readonly lookAtPlansMs?: number
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
  const every = { ...pace, ...options.every }
  const { reconcileMs, removeAfterMs, lookAtFileMs, catchUpAfterMs, lookAtPlansMs } = every
  let config = options.config
  const presence = announce(connection, factsOf(config))
  await presence.update(factsOf(config))
  const troubles = watchForTrouble({ ...options, lookAtPlansMs }, () => config)
  const me = { presenceId: presence.id, removeAfterMs }
  const keepSchedules = createScheduleKeeper({ connection, logger, clock, ...me })
  const arming = { producer: createRunProducer(connection), clock, logger }
  const armSweeps = createSweepArmer(arming)
  const armUpkeep = createUpkeepArmer(arming)
  const catchUp = createCatchUp(options, catchUpAfterMs)
  const turns = takeTurns()

  async function readAgain(): Promise<void> {
    const changed = await readChangedConfig(options, config)
    if (!changed) return
    config = changed
    troubles.watch(queueNamesOf(config.plans))
    await presence.update(factsOf(config)).catch((error: unknown) => {
      // It is said again every few seconds; until then others take this one for what it was.
      logger.warn({ err: error }, `new configuration not announced: ${describeError(error)}`)
    })
  }
  async function reconcile(): Promise<void> {
    await turns.run(() => keepSchedules(config))
    await turns.run(() => armSweeps(config))
    await turns.run(() => armUpkeep(config))
  }
  const reload = () => turns.run(readAgain).then(reconcile)

  await reconcile()
  const tick = () => reconcile().then(() => turns.run(() => catchUp(config)))
  const ticking = setInterval(() => void tick(), reconcileMs)
  const file = isFile(options.configFile)
    ? watchFile(options.configFile, { everyMs: lookAtFileMs, onChange: reload })
    : null

  return {
    reload,
    async close() {
      clearInterval(ticking)
      file?.[Symbol.dispose]()
      // In an outage a step takes long to give up; what it does not do now, the next start does.
      await turns.close(closeWithinMs)
      await troubles[Symbol.asyncDispose]()
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
