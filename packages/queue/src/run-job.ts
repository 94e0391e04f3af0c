import type { RunResult } from '@backstream/jobs'
import { BackstreamError, describeError } from '@backstream/kernel'
import { DelayedError, type Job, WaitingError } from 'bullmq'
import { type ActiveRun, createActiveRun } from './active-run.ts'
import {
  cancelled,
  cancelledBy,
  cancelledResult,
  enqueueOpenCleanups,
  forgetWish,
  readWish,
} from './cancellation.ts'
import { type CheckedJob, checkJob } from './check-job.ts'
import { ledgerRunId } from './ledger-record.ts'
import { wasMissed } from './missed-run.ts'
import { QueueError } from './queue-error.ts'
import { releaseGivenUp } from './release-given-up.ts'
import { runFailure } from './run-failure.ts'
import { beginExecution, type Execution } from './run-ledger.ts'
import { activeKey, type Serving } from './serving.ts'
import { mayBeKnownElsewhere } from './unknown-plan.ts'
import { isLongUpkeep } from './upkeep.ts'

/** A run that killed its worker more often than this is failed instead of begun again. */
const maxCrashes = 3
/** How long a run that cannot begin now, or not here, stays out of the way. */
const putBackForMs = 5_000

interface Taken {
  readonly job: Job
  readonly token: string
  readonly signal: AbortSignal
}

/** One attempt, from a job that was fetched to what the queue is told of it. */
export async function runJob(serving: Serving, job: Job, token: string): Promise<unknown> {
  const { active } = serving
  const ref = { queue: job.queueName, jobId: job.id ?? '' }
  const key = activeKey(ref.queue, ref.jobId)
  const controller = new AbortController()
  const taken = { job, token, signal: controller.signal }
  active.set(key, { ...ref, controller, token })
  try {
    const checked = checkJob(job.name, job.data)
    // What there is to tell may be about a plan that no configuration has.
    const isTelling = checked.name === 'notify.send'
    if (!isTelling && !serving.options.knowsPlan(checked.payload.plan)) {
      await refuseUnlessKnownElsewhere(serving, taken, checked.payload.plan)
    }
    if (serving.isHandingBack) abortForHandBack(controller)
    if (checked.name === 'backup.run') return await work(serving, taken, checked)
    waitAfterCrashes(job)
    return await processOther(serving, taken, checked)
  } catch (error) {
    // Before the queue is told: closing waits for processors, and not for a Redis that is away.
    active.delete(key)
    return await tellQueue(serving, taken, error)
  } finally {
    active.delete(key)
  }
}

type CheckedRun = Extract<CheckedJob, { readonly name: 'backup.run' }>

async function work(serving: Serving, taken: Taken, checked: CheckedRun): Promise<unknown> {
  const { options, link, logger } = serving
  const { job } = taken
  if (serving.runsUnderWay >= options.concurrency) {
    throw new QueueError('put-back', `${options.workerName} is at ${options.concurrency} runs`)
  }
  serving.runsUnderWay++
  let execution: Execution | undefined
  try {
    const jobId = job.id ?? ''
    const { plan } = checked.payload
    const runId = ledgerRunId({ jobId, timestampMs: job.timestamp })
    const { workerName: worker, host } = options
    const run = { plan, runId, queue: job.queueName, jobId }
    execution = await beginExecution(link, run, { worker, host, logger })
    return await beginOrCancel(serving, taken, { checked, execution })
  } finally {
    serving.runsUnderWay--
    await execution?.end()
  }
}

async function beginOrCancel(
  serving: Serving,
  taken: Taken,
  given: { readonly checked: CheckedRun; readonly execution: Execution },
): Promise<unknown> {
  const { connection, producer, link } = serving
  const { job } = taken
  const { execution } = given
  const by = await readWish(link, { queue: job.queueName, jobId: job.id ?? '' })
  const run = { plan: given.checked.payload.plan, jobId: job.id ?? '', timestampMs: job.timestamp }
  const hasCrashedTooOften = execution.crashedIn.length > maxCrashes
  if (by !== null || hasCrashedTooOften) {
    await releaseGivenUp(link, run)
    const committed = await findCommitted(serving, { plan: run.plan, execution })
    if (committed) return committed
  }
  if (by !== null) {
    await enqueueOpenCleanups(connection, producer, run)
    throw cancelled(by)
  }
  if (hasCrashedTooOften) await execution.forgiveCrashes()
  refuseCrashing(job, execution.crashedIn)
  return await processRun(serving, taken, given)
}

/**
 * A worker may have died between the commit and the queue's "completed": such a run has made its backup,
 * however often it died. Nobody may say otherwise without having looked.
 */
async function findCommitted(
  { options, logger }: Serving,
  { plan, execution }: { readonly plan: string; readonly execution: Execution },
): Promise<RunResult | null> {
  const { earlier } = execution.ledger
  if (earlier.length === 0 || !options.committedBy) return null
  try {
    return await options.committedBy({ plan, attempts: earlier })
  } catch (error) {
    if (error instanceof BackstreamError && error.permanent) {
      logger.warn({ plan, err: error }, `what ${plan} made is not known: ${describeError(error)}`)
      return null
    }
    throw new QueueError('put-back', `what ${plan} made is not known: ${describeError(error)}`, {
      cause: error,
    })
  }
}

async function processRun(
  serving: Serving,
  { job, signal }: Taken,
  given: { readonly checked: CheckedRun; readonly execution: Execution },
): Promise<unknown> {
  const { connection, options, logger, startedAtMs } = serving
  const { execution } = given
  const { payload } = given.checked
  const isMissed = await wasMissed(connection, job, startedAtMs)
  signal.throwIfAborted()
  const about = { queue: job.queueName, signal, logger, payload }
  const { run, settle } = createActiveRun(job, {
    ...about,
    onPhase: (phase) => execution.setPhase(phase),
  })
  const backupRun = { ...run, ledger: execution.ledger, wasMissed: isMissed }
  return await options.processors['backup.run'](backupRun).finally(settle)
}

async function processOther(
  serving: Serving,
  taken: Taken,
  checked: Exclude<CheckedJob, CheckedRun>,
): Promise<unknown> {
  if (!isLongUpkeep(checked.name)) return await processNow(serving, taken, checked)
  const { concurrency, workerName } = serving.options
  if (serving.longUnderWay >= concurrency) {
    throw new QueueError('put-back', `${workerName} is at ${concurrency} verifications and drills`)
  }
  serving.longUnderWay++
  try {
    return await processNow(serving, taken, checked)
  } finally {
    serving.longUnderWay--
  }
}

async function processNow(
  { options, logger }: Serving,
  { job, signal }: Taken,
  { name, payload }: Exclude<CheckedJob, CheckedRun>,
): Promise<unknown> {
  signal.throwIfAborted()
  // Each takes the payload of its own name only, which checkJob has seen to.
  const processor: ((run: ActiveRun<never>) => Promise<unknown>) | undefined =
    options.processors[name]
  if (!processor) throw new QueueError('put-back', `no ${name} here: left to another worker`)
  const { run, settle } = createActiveRun(job, { queue: job.queueName, signal, logger, payload })
  return await processor(run as ActiveRun<never>).finally(settle)
}

/** What becomes of a job whose processing did not end well. Returns where that is no failure. */
async function tellQueue(serving: Serving, taken: Taken, error: unknown): Promise<unknown> {
  const { link, logger } = serving
  const { job, token, signal } = taken
  const by = cancelledBy(signal) ?? cancellerOf(error)
  if (by !== null) {
    const ref = { queue: job.queueName, jobId: job.id ?? '' }
    const { plan } = job.data as { readonly plan: string }
    logger.warn({ job: job.id, plan }, `run ${job.id} of ${plan} was cancelled by ${by}`)
    await forgetWish(link, ref)
    return cancelledResult(plan, by)
  }
  if (isCode(error, 'put-back')) {
    logger.debug({ job: job.id }, `run ${job.id} is put back: ${describeError(error)}`)
    await job.moveToDelayed(link.clock.now() + putBackForMs, token)
    throw new DelayedError()
  }
  if (isCode(signal.reason, 'handed-back')) {
    logger.info({ job: job.id }, `run ${job.id} goes back into line: ${describeError(error)}`)
    await job.moveToWait(token)
    throw new WaitingError()
  }
  throw runFailure(error)
}

/** BullMQ never fails a scheduled run whose workers die; we do, whoever started it. */
function refuseCrashing(job: Job, crashedIn: readonly string[]): void {
  if (crashedIn.length <= maxCrashes) return
  const phase = crashedIn.at(-1) || (job.progress as { phase?: unknown }).phase
  const where = typeof phase === 'string' && phase !== '' ? ` in the phase "${phase}"` : ''
  throw new QueueError(
    'crashed',
    `The worker died ${crashedIn.length} times during this run${where}`,
    {
      permanent: true,
      remedy: 'Look at the memory limit and the log of the worker, then try the run again.',
    },
  )
}

/** Each crash beyond those costs a job of `maintenance` an attempt: what it is to remove is still there. */
function waitAfterCrashes({ stalledCounter, attemptsMade, name }: Job): void {
  if (stalledCounter <= maxCrashes + attemptsMade) return
  throw new QueueError('crashed', `The worker died ${stalledCounter} times during this ${name}`, {
    remedy: 'Look at the memory limit and the log of the worker; it is tried again later.',
  })
}

async function refuseUnlessKnownElsewhere(
  { connection, options }: Serving,
  { job }: Taken,
  plan: string,
): Promise<never> {
  if (await mayBeKnownElsewhere(connection, { plan, enqueuedAtMs: job.timestamp })) {
    throw new QueueError('put-back', `no plan ${plan} here: left to another worker`)
  }
  throw new QueueError(
    'unknown-plan',
    `There is no plan named ${plan} in the configuration of ${options.workerName}, nor of any other worker or scheduler`,
    { permanent: true, remedy: 'Check the name against `backstream status`.' },
  )
}

export function abortForHandBack(controller: AbortController): void {
  controller.abort(new QueueError('handed-back', 'The worker is being stopped'))
}

function isCode(error: unknown, code: QueueError['code']): boolean {
  return error instanceof QueueError && error.code === code
}

function cancellerOf(error: unknown): string | null {
  return error instanceof QueueError && error.code === 'cancelled' ? error.message : null
}
