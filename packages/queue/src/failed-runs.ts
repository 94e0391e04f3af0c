/**
 * Tells of runs, verifications and drills that failed for good: each at least once, also those that failed while nobody listened.
 *
 * Queue events are the quick way, but they begin where the listener begins; so the failed set is
 * looked through at the start and every minute. What was dealt with is noted in Redis with the time of
 * the failure, so that a run that is retried and fails again counts again. Of several processes one
 * deals with a failure at a time, by a claim that runs out.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type BackupRunPayload, maintenanceQueue, payloadSchemas } from '@backstream/jobs'
import { describeError } from '@backstream/kernel'
import { type Job, QueueEvents } from 'bullmq'
import { endsWithin } from './ends-within.ts'
import { type FailedProof, failedProofOf } from './failed-proof.ts'
import { type Link, linkOf, logQueueError, type QueueConnection } from './open-connection.ts'
import { planOfJob, planOfJobId } from './run-summary.ts'
import { armedForOf, isUpkeep } from './upkeep.ts'

export interface FailedRun {
  readonly queue: string
  readonly jobId: string
  /** Null when neither the payload nor the id names one. */
  readonly plan: string | null
  /** Null when the job is gone, or was never a valid one. */
  readonly payload: BackupRunPayload | null
  /** Null when the job is gone. */
  readonly timestampMs: number | null
  /** Null when the job is gone. Another failure of the same run has another time. */
  readonly failedAtMs: number | null
  readonly failedReason: string
}

export interface FailedRunListener extends AsyncDisposable {
  /** Listens to these queues from now on, and to no others. */
  watch(queues: readonly string[]): void
}

export interface FailedRunOptions {
  readonly queues: readonly string[]
  /** Must be idempotent. When it rejects, the run is handed over again later. */
  handler(run: FailedRun): Promise<void>
  /** Of verifications and drills; as the other one. */
  proofHandler?(proof: FailedProof): Promise<void>
  readonly lookEveryMs?: number
}

const claimMs = 10 * 60_000
const lookEveryMs = 60_000
const closeWithinMs = 3_000

export function onRunFailed(
  connection: QueueConnection,
  options: FailedRunOptions,
): FailedRunListener {
  const link = linkOf(connection)
  const stopping = new AbortController()
  const listeners = new Map<string, QueueEvents>()
  const underway = new Set<Promise<void>>()

  function start(work: Promise<void>, queue: string): void {
    const quiet = work.catch((error: unknown) => {
      link.logger.warn(
        { queue, err: error },
        `a failed run of ${queue} is not dealt with yet: ${describeError(error)}`,
      )
    })
    underway.add(quiet)
    void quiet.finally(() => underway.delete(quiet))
  }

  function listen(queue: string): QueueEvents {
    const events = new QueueEvents(queue, {
      prefix: connection.installation,
      connection: link.patientRedis(),
    })
    events.on('error', (error) => logQueueError(link.logger, queue, error))
    events.on('failed', ({ jobId, failedReason }) =>
      start(dealWithEvent(link, options, { queue, jobId, failedReason }), queue),
    )
    // Listening first and looking then leaves no gap between the two.
    start(
      events.waitUntilReady().then(() => lookThrough(link, options, queue)),
      queue,
    )
    return events
  }

  function watch(queues: readonly string[]): void {
    for (const queue of queues) {
      if (!listeners.has(queue)) listeners.set(queue, listen(queue))
    }
    for (const [queue, events] of listeners) {
      if (queues.includes(queue)) continue
      listeners.delete(queue)
      start(events.close(), queue)
    }
  }

  async function lookAgain(): Promise<void> {
    for (;;) {
      await sleep(options.lookEveryMs ?? lookEveryMs, undefined, {
        signal: stopping.signal,
        ref: false,
      })
      for (const queue of listeners.keys()) start(lookThrough(link, options, queue), queue)
    }
  }

  watch(options.queues)
  void lookAgain().catch(() => {
    // Stopped.
  })
  return {
    watch,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // BullMQ's closing waits for Redis, for ever when Redis is away.
      const closed = Promise.allSettled([...listeners.values()].map((events) => events.close()))
      await endsWithin(closed, closeWithinMs)
      await endsWithin(Promise.all(underway), closeWithinMs)
    },
  }
}

interface FailedEvent {
  readonly queue: string
  readonly jobId: string
  readonly failedReason: string
}

async function dealWithEvent(
  link: Link,
  options: FailedRunOptions,
  event: FailedEvent,
): Promise<void> {
  const job = await link.queue(event.queue).getJob(event.jobId)
  if (job) return await dealWith(link, options, job)
  if (armedForOf(event.jobId) !== null || event.queue === maintenanceQueue) return
  // Removed already, by hand or to make room: what the event says must do.
  await claimed(link, event, () =>
    options.handler({
      ...event,
      plan: planOfJobId(event.jobId) ?? null,
      payload: null,
      timestampMs: null,
      failedAtMs: null,
    }),
  )
}

async function lookThrough(link: Link, options: FailedRunOptions, name: string): Promise<void> {
  const queue = link.queue(name)
  const handledKey = link.key('handled', name)
  const [failed, handled] = await Promise.all([
    readScores(link, queue.toKey('failed')),
    readScores(link, handledKey),
  ])
  for (const [jobId, failedAtMs] of failed) {
    if ((handled.get(jobId) ?? -1) >= failedAtMs) continue
    const job = await queue.getJob(jobId)
    if (job) await dealWith(link, options, job)
  }
  // Of failures that are in the set no more nobody will ask again.
  const stale = [...handled.keys()].filter((jobId) => !failed.has(jobId))
  if (stale.length > 0) await link.redis.zrem(handledKey, ...stale)
}

async function readScores(link: Link, key: string): Promise<Map<string, number>> {
  const flat = await link.redis.zrange(key, '0', '-1', 'WITHSCORES')
  const scores = new Map<string, number>()
  for (let at = 0; at + 1 < flat.length; at += 2) scores.set(flat[at] ?? '', Number(flat[at + 1]))
  return scores
}

async function dealWith(link: Link, options: FailedRunOptions, job: Job): Promise<void> {
  const { queueName: queue, finishedOn } = job
  const jobId = job.id ?? ''
  const noted = await link.redis.zscore(link.key('handled', queue), jobId)
  // Without a time of failure it is running again by now.
  if (finishedOn === undefined || Number(noted ?? -1) >= finishedOn) return
  await claimed(link, { queue, jobId }, async () => {
    await handle(options, { job, failedAtMs: finishedOn })
    await link.redis.zadd(link.key('handled', queue), finishedOn, jobId)
  })
}

async function handle(
  { handler, proofHandler }: FailedRunOptions,
  { job, failedAtMs }: { readonly job: Job; readonly failedAtMs: number },
): Promise<void> {
  const proof = failedProofOf(job)
  if (proof) return await proofHandler?.(proof)
  // Other jobs made no backup, and left nothing of one.
  if (job.queueName === maintenanceQueue || isUpkeep(job.name)) return
  await handler({
    queue: job.queueName,
    jobId: job.id ?? '',
    plan: planOfJob(job) ?? null,
    payload: payloadSchemas['backup.run'].safeParse(job.data).data ?? null,
    timestampMs: job.timestamp,
    failedAtMs,
    failedReason: job.failedReason ?? '',
  })
}

async function claimed(
  link: Link,
  run: { readonly queue: string; readonly jobId: string },
  deal: () => Promise<void>,
): Promise<void> {
  const key = link.key('handling', run.queue, run.jobId)
  if ((await link.redis.set(key, '1', 'PX', claimMs, 'NX')) !== 'OK') return
  try {
    await deal()
  } finally {
    await link.redis.del(key)
  }
}
