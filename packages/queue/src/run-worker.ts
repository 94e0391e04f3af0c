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
import { maintenanceQueue } from '@backstream/jobs'
import { describeError } from '@backstream/kernel'
import { type Job, Worker } from 'bullmq'
import { backoffStrategy } from './backoff-delay.ts'
import { tellCancelled } from './cancellation.ts'
import { endsWithin } from './ends-within.ts'
import { keepOrLose } from './keep-lock.ts'
import { keepRuns } from './keep-runs.ts'
import { linkOf, logQueueError, type QueueConnection } from './open-connection.ts'
import { announce } from './presence.ts'
import { noteQueues } from './queue-names.ts'
import { repeatStrategy } from './repeat-strategy.ts'
import { abortForHandBack, runJob } from './run-job.ts'
import { createRunProducer } from './run-producer.ts'
import type { RunWorkerOptions, Serving } from './serving.ts'

export interface RunWorker extends AsyncDisposable {
  /** Resolves when every queue is being served. */
  ready(): Promise<void>
  close(options?: { readonly graceMs: number }): Promise<void>
}

/** After the clean-up of aborted runs, for Redis to answer. */
const handBackWithinMs = 10_000
const endByForceWithinMs = 1_000
const lookForWishesEveryMs = 1_000
/** Places in `maintenance` that verifications and drills never take: somebody may be to be told. */
const beside = 2

export function createRunWorker(connection: QueueConnection, options: RunWorkerOptions): RunWorker {
  const link = linkOf(connection)
  const logger = link.logger.child({ worker: options.workerName })
  const serving: Serving = {
    link,
    connection,
    producer: createRunProducer(connection),
    options,
    logger,
    startedAtMs: link.clock.now(),
    active: new Map(),
    runsUnderWay: 0,
    longUnderWay: 0,
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
  const listening = setInterval(() => void tellCancelled(serving), lookForWishesEveryMs)
  let closing: Promise<void> | undefined

  async function close(graceMs: number): Promise<void> {
    try {
      await end(graceMs)
    } finally {
      clearInterval(listening)
    }
  }

  async function end(graceMs: number): Promise<void> {
    // BullMQ's orderly end waits for Redis, and never ends when Redis is away.
    const isAway = link.patientRedis().status !== 'ready'
    const isOrderly = !isAway && !(await isReconnecting(workers))
    const stopped = isOrderly ? endWorkers(workers, { force: false }) : stopFetching(workers)
    // Withdrawn first: nobody should count on a worker that takes nothing any more.
    await presence[Symbol.asyncDispose]()
    const idle = isOrderly ? stopped : whenIdle(serving)
    if (!(await endsWithin(idle, graceMs))) {
      handBackAll(serving)
      await whenIdle(serving)
    }
    if (isOrderly && (await endsWithin(stopped, handBackWithinMs))) return
    if (isOrderly || isAway) {
      logger.warn({}, 'Redis does not answer: runs are left to be found by other workers')
    }
    await endsWithin(endWorkers(workers, { force: true }), endByForceWithinMs)
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
    concurrency: options.concurrency + (queue === maintenanceQueue ? beside : 0),
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

async function noteEnd(serving: Serving, job: Job, state: 'completed' | 'failed'): Promise<void> {
  serving.options.bell?.ring()
  try {
    await keepRuns(serving.link, job, state)
  } catch (error) {
    // Too many records are kept for a while: the next run of the plan counts again.
    serving.logger.debug({ job: job.id, err: error }, `old runs stay: ${describeError(error)}`)
  }
}

/**
 * Whether BullMQ's orderly end would wait for ever: it ends the connection that it blocks on and waits
 * for the event of that, which ioredis has none of between two attempts to connect.
 */
async function isReconnecting(workers: readonly Worker[]): Promise<boolean> {
  const clients = await Promise.all(workers.map((worker) => worker.getBackend().blockingClient))
  return clients.some((client) => client?.status === 'reconnecting')
}

async function stopFetching(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.pause(true)))
}

async function endWorkers(
  workers: readonly Worker[],
  { force }: { readonly force: boolean },
): Promise<void> {
  await Promise.all(workers.map((worker) => worker.close(force)))
}

function handBackAll(serving: Serving): void {
  serving.isHandingBack = true
  for (const { controller } of serving.active.values()) abortForHandBack(controller)
}

/** Processors clean up under bounds of their own: nobody cuts them short here. */
async function whenIdle({ active }: Serving): Promise<void> {
  while (active.size > 0) await sleep(20)
}
