/**
 * Takes runs from queues and gives them to processors.
 *
 * Closing: `close` stops fetching at once and lets active runs go on for the grace period. Then their
 * signals are aborted with `handed-back`; a run that ends well nevertheless is completed, any other is
 * put back into line without using up an attempt. Only then do the BullMQ workers end.
 *
 * A run is lost when another worker has it: then its signal is aborted with `run-lost`, and whatever
 * its processor returns has no effect on the queue.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError, type Logger } from '@backstream/kernel'
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq'
import { createActiveRun, type Processors } from './active-run.ts'
import { backoffStrategy } from './backoff-delay.ts'
import { type CheckedJob, checkJob } from './check-job.ts'
import { keepRuns } from './keep-runs.ts'
import { type Link, linkOf, logQueueError, type QueueConnection } from './open-connection.ts'
import { announce } from './presence.ts'
import { QueueError } from './queue-error.ts'
import { noteQueues } from './queue-names.ts'
import { regainLock } from './regain-lock.ts'
import { repeatStrategy } from './repeat-strategy.ts'
import { runFailure } from './run-failure.ts'
import { mayBeKnownElsewhere } from './unknown-plan.ts'

export interface RunWorkerOptions {
  /** Queues. */
  readonly serves: readonly string[]
  /** Runs at a time, of each queue. */
  readonly concurrency: number
  readonly workerName: string
  readonly host: string
  knowsPlan(name: string): boolean
  readonly processors: Processors
  /** For others to read: the plans this worker's configuration has, and its fingerprint. */
  readonly plans?: readonly string[]
  readonly fingerprint?: string
  /** How long a run stays its worker's without a sign of life. Default 30 s. */
  readonly lockMs?: number
  /** How often runs of dead workers are looked for. Default 15 s. */
  readonly stalledCheckMs?: number
}

export interface RunWorker extends AsyncDisposable {
  /** Resolves when every queue is being served. */
  ready(): Promise<void>
  close(options?: { readonly graceMs: number }): Promise<void>
}

/** A run that killed its worker more often than this is failed instead of begun again. */
const maxCrashes = 3
/** How long a run that another worker must take stays out of the way. */
const putBackForMs = 5_000
/** After the clean-up of aborted runs, for Redis to answer. */
const handBackWithinMs = 10_000

interface Serving {
  readonly link: Link
  readonly connection: QueueConnection
  readonly options: RunWorkerOptions
  readonly logger: Logger
  /** By queue and job id. */
  readonly active: Map<string, { readonly controller: AbortController; readonly token: string }>
  isHandingBack: boolean
}

export function createRunWorker(connection: QueueConnection, options: RunWorkerOptions): RunWorker {
  const link = linkOf(connection)
  const logger = link.logger.child({ worker: options.workerName })
  const serving: Serving = {
    link,
    connection,
    options,
    logger,
    active: new Map(),
    isHandingBack: false,
  }
  const presence = announce(connection, {
    role: 'worker',
    name: options.workerName,
    host: options.host,
    serves: options.serves,
    plans: options.plans ?? null,
    fingerprint: options.fingerprint ?? null,
  })
  const workers = options.serves.map((queue) => serveQueue(serving, queue))
  let closing: Promise<void> | undefined

  async function close(graceMs: number): Promise<void> {
    const closed = Promise.all(workers.map((worker) => worker.close()))
    // Withdrawn first: nobody should count on a worker that takes nothing any more.
    await presence[Symbol.asyncDispose]()
    if (await endsWithin(closed, graceMs)) return
    handBackAll(serving)
    await whenIdle(serving)
    if (await endsWithin(closed, handBackWithinMs)) return
    logger.warn({}, 'Redis does not answer: runs are left to be found by other workers')
    await Promise.all(workers.map((worker) => worker.disconnect()))
  }

  return {
    async ready() {
      await noteQueues(link, options.serves)
      await Promise.all(workers.map((worker) => worker.waitUntilReady()))
    },
    close: ({ graceMs } = { graceMs: 0 }) => {
      closing ??= close(graceMs)
      return closing
    },
    async [Symbol.asyncDispose]() {
      closing ??= close(0)
      await closing
    },
  }
}

function serveQueue(serving: Serving, queue: string): Worker {
  const { link, options, logger } = serving
  const lockMs = options.lockMs ?? 30_000
  const worker = new Worker(queue, (job, token) => runJob(serving, job, token ?? ''), {
    ...link.bullOptions,
    connection: link.patientRedis(),
    name: options.workerName,
    concurrency: options.concurrency,
    lockDuration: lockMs,
    stalledInterval: options.stalledCheckMs ?? 15_000,
    // Ours is maxCrashes, which counts for scheduled runs too.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: 2000,
    settings: { repeatStrategy, backoffStrategy },
  })
  worker.on('error', (error) => logQueueError(logger, queue, error))
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) void keepOrLose(serving, { queue, jobId, lockMs })
  })
  worker.on('completed', (job) => void noteEnd(serving, job, 'completed'))
  worker.on('failed', (job, error) => {
    if (!job) return
    const isFinal = job.finishedOn !== undefined
    logger[isFinal ? 'error' : 'warn'](
      { queue, job: job.id, attempt: job.attemptsMade },
      `${job.name} ${job.id}: attempt ${job.attemptsMade} failed${isFinal ? ', the last one' : ''}: ${error.message}`,
    )
    if (isFinal) void noteEnd(serving, job, 'failed')
  })
  worker.on('stalled', (jobId) =>
    logger.warn({ queue, job: jobId }, `the worker of run ${jobId} is gone: back in line`),
  )
  return worker
}

async function runJob(serving: Serving, job: Job, token: string): Promise<unknown> {
  const { active, logger } = serving
  const key = keyOf(job.queueName, job.id ?? '')
  const controller = new AbortController()
  active.set(key, { controller, token })
  try {
    const checked = checkJob(job.name, job.data)
    await refuseCrashing(serving, job)
    if (!serving.options.knowsPlan(checked.payload.plan)) {
      await putBackOrRefuse(serving, job, { token, plan: checked.payload.plan })
    }
    if (serving.isHandingBack) abortForHandBack(controller)
    controller.signal.throwIfAborted()
    return await attempt(serving, job, { checked, signal: controller.signal })
  } catch (error) {
    // Before the queue is told: closing waits for processors, and not for a Redis that is away.
    active.delete(key)
    if (error instanceof DelayedError) throw error
    if (isHandedBack(controller.signal)) {
      logger.info({ job: job.id }, `run ${job.id} goes back into line: ${describeError(error)}`)
      await job.moveToWait(token)
      throw new WaitingError()
    }
    throw runFailure(error)
  } finally {
    active.delete(key)
  }
}

async function attempt(
  { options, logger }: Serving,
  job: Job,
  given: { readonly checked: CheckedJob; readonly signal: AbortSignal },
): Promise<unknown> {
  const { checked, signal } = given
  const about = { queue: job.queueName, signal, logger }
  // A switch would be shorter by nothing and safer by nothing: the two differ in their payload only.
  if (checked.name === 'backup.run') {
    const { run, settle } = createActiveRun(job, { ...about, payload: checked.payload })
    return await options.processors['backup.run'](run).finally(settle)
  }
  const { run, settle } = createActiveRun(job, { ...about, payload: checked.payload })
  return await options.processors['backup.cleanup'](run).finally(settle)
}

/** BullMQ never fails a scheduled run whose workers die; we do, whoever started it. */
async function refuseCrashing({ link }: Serving, job: Job): Promise<void> {
  if (job.stalledCounter <= maxCrashes) return
  const phase = (job.progress as { phase?: unknown }).phase
  // Counted anew when somebody tries it again.
  await link.redis.hdel(link.queue(job.queueName).toKey(job.id ?? ''), 'stc')
  const where = typeof phase === 'string' ? ` in the phase "${phase}"` : ''
  throw new QueueError(
    'crashed',
    `The worker died ${job.stalledCounter} times during this run${where}`,
    {
      permanent: true,
      remedy: 'Look at the memory limit and the log of the worker, then try the run again.',
    },
  )
}

async function putBackOrRefuse(
  { connection, link, options, logger }: Serving,
  job: Job,
  given: { readonly token: string; readonly plan: string },
): Promise<never> {
  const { plan, token } = given
  if (await mayBeKnownElsewhere(connection, { plan, enqueuedAtMs: job.timestamp })) {
    logger.info({ job: job.id, plan }, `no plan ${plan} here: left to another worker`)
    await job.moveToDelayed(link.clock.now() + putBackForMs, token)
    throw new DelayedError()
  }
  throw new QueueError(
    'unknown-plan',
    `There is no plan named ${plan} in the configuration of ${options.workerName}, nor of any other worker or scheduler`,
    { permanent: true, remedy: 'Check the name against `backstream status`.' },
  )
}

async function keepOrLose(
  serving: Serving,
  run: { readonly queue: string; readonly jobId: string; readonly lockMs: number },
): Promise<void> {
  const { link, logger, active } = serving
  const held = active.get(keyOf(run.queue, run.jobId))
  if (!held) return
  try {
    if (await regainLock(link, { ...run, token: held.token }, run.lockMs)) {
      logger.warn({ job: run.jobId }, `took the lock of run ${run.jobId} again after an outage`)
      return
    }
  } catch (error) {
    // The next renewal fails as well, and we are back here.
    logger.debug({ job: run.jobId, err: error }, `lock not regained: ${describeError(error)}`)
    return
  }
  logger.error({ job: run.jobId }, `lost run ${run.jobId} to another worker`)
  held.controller.abort(
    new QueueError('run-lost', `Another worker has taken over the run ${run.jobId}`, {
      remedy: 'Nothing to do if that worker ends it; see whether this one was stopped for long.',
    }),
  )
}

async function noteEnd(serving: Serving, job: Job, state: 'completed' | 'failed'): Promise<void> {
  try {
    await keepRuns(serving.link, job, state)
  } catch (error) {
    // Too many records are kept for a while: the next run of the plan counts again.
    serving.logger.debug({ job: job.id, err: error }, `old runs stay: ${describeError(error)}`)
  }
}

function handBackAll(serving: Serving): void {
  serving.isHandingBack = true
  for (const { controller } of serving.active.values()) abortForHandBack(controller)
}

function abortForHandBack(controller: AbortController): void {
  controller.abort(new QueueError('handed-back', 'The worker is being stopped'))
}

function isHandedBack(signal: AbortSignal): boolean {
  return signal.reason instanceof QueueError && signal.reason.code === 'handed-back'
}

/** Processors clean up under bounds of their own: nobody cuts them short here. */
async function whenIdle({ active }: Serving): Promise<void> {
  while (active.size > 0) await sleep(20)
}

async function endsWithin(done: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false)
  const inTime = await Promise.race([done.then(() => true), late])
  timer.abort()
  return inTime
}

function keyOf(queue: string, jobId: string): string {
  return `${queue}/${jobId}`
}
