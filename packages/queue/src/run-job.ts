import { describeError, type Logger } from '@backstream/kernel'
import { DelayedError, type Job, WaitingError } from 'bullmq'
import { createActiveRun, type Processors } from './active-run.ts'
import { type CheckedJob, checkJob } from './check-job.ts'
import type { Link, QueueConnection } from './open-connection.ts'
import { QueueError } from './queue-error.ts'
import { regainLock } from './regain-lock.ts'
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

/** A run that killed its worker more often than this is failed instead of begun again. */
const maxCrashes = 3
/** How long a run that another worker must take stays out of the way. */
const putBackForMs = 5_000
/** What the queues of one worker share. */
export interface Serving {
  readonly link: Link
  readonly connection: QueueConnection
  readonly options: RunWorkerOptions
  readonly logger: Logger
  /** By queue and job id. */
  readonly active: Map<string, { readonly controller: AbortController; readonly token: string }>
  isHandingBack: boolean
}

/** One attempt, from a job that was fetched to what the queue is told of it. */
export async function runJob(serving: Serving, job: Job, token: string): Promise<unknown> {
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

/** The lock of a run could not be renewed: it is taken again, or the run is told to stop. */
export async function keepOrLose(
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

export function abortForHandBack(controller: AbortController): void {
  controller.abort(new QueueError('handed-back', 'The worker is being stopped'))
}

function isHandedBack(signal: AbortSignal): boolean {
  return signal.reason instanceof QueueError && signal.reason.code === 'handed-back'
}

function keyOf(queue: string, jobId: string): string {
  return `${queue}/${jobId}`
}
