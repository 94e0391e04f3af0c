import { createHash, randomBytes } from 'node:crypto'
import {
  type JobName,
  maintenanceQueue,
  type NotifySendPayload,
  type PayloadByJobName,
  payloadSchemas,
  queueOfPlan,
  type Trigger,
} from '@backstream/jobs'
import { endWaiting, forgetWish, wishCancelled } from './cancellation.ts'
import { dueAt, findRuns, type RunFilter } from './find-runs.ts'
import {
  cleanupJobOptions,
  lockJobOptions,
  notifyJobOptions,
  type PlanRef,
  restoreJobOptions,
  runJobOptions,
  sweepJobOptions,
  upkeepJobOptions,
} from './job-options.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { livePresences } from './presence.ts'
import { QueueError } from './queue-error.ts'
import { noteQueues } from './queue-names.ts'
import { type RunRef, type RunState, type RunSummary, summarize } from './run-summary.ts'
import { translateError } from './translate-error.ts'
import { armedId, type EnqueueUpkeep, type UpkeepName } from './upkeep.ts'
import { type RunEvent, type WatchOptions, watchRun } from './watch-run.ts'

export interface EnqueueRunRequest {
  readonly plan: PlanRef
  readonly trigger: Trigger
  readonly pin?: boolean
}

export interface ConnectedWorker {
  readonly name: string | null
  readonly host: string
  readonly pid: number
  readonly startedAtMs: number
  readonly serves: readonly string[]
}

/** Rejects with `QueueError`: `unreachable` after some seconds when Redis is away. */
export interface RunProducer {
  enqueueRun(request: EnqueueRunRequest): Promise<RunRef>
  /** Asking again while an earlier one is not done gives the earlier one. */
  enqueueCleanup(attempt: { readonly plan: string; readonly backup: string }): Promise<RunRef>
  /** A sweep of the plan, to begin at `dueAtMs`; asked for again, also once it is done, it is one. */
  enqueueSweep(sweep: { readonly plan: string; readonly dueAtMs: number }): Promise<RunRef>
  /** A verification, a drill, a pruning or a lock. */
  enqueueUpkeep(upkeep: EnqueueUpkeep): Promise<RunRef>
  /** The same notification for the same notifier is enqueued once, however often it is asked for. */
  enqueueNotification(send: Omit<NotifySendPayload, 'v'>): Promise<RunRef>
  findRuns(filter: RunFilter): Promise<RunSummary[]>
  getRun(ref: RunRef): Promise<RunSummary | undefined>
  watchRun(ref: RunRef, options?: WatchOptions): AsyncGenerator<RunEvent, void, undefined>
  /** Runs a run again that failed or was cancelled, with all its attempts. */
  retryRun(ref: RunRef): Promise<void>
  /**
   * Has a run end as `cancelled`, for `by`, a `user@host`. `cancelled`: it was in line and is out of it.
   * `asked`: a worker has it, or had it when it died; whoever has it next ends it too. `ended`: there is
   * nothing to cancel any more.
   */
  cancelRun(ref: RunRef, by: string): Promise<'cancelled' | 'asked' | 'ended'>
  /** The lines of a run's log from number `from` (0 is the first); the last thousand are kept. */
  readLog(ref: RunRef, from: number): Promise<readonly string[]>
  /** Takes a run that nobody is working on out of its queue; one that is not there is no error. */
  removeRun(ref: RunRef): Promise<void>
  workersOf(queue: string): Promise<ConnectedWorker[]>
}

/** Needs no closing of its own: it ends with the connection. */
export function createRunProducer(connection: QueueConnection): RunProducer & AsyncDisposable {
  const link = linkOf(connection)
  const producer: Omit<RunProducer, 'watchRun'> = {
    enqueueRun: ({ plan, trigger, pin }) =>
      enqueue(link, {
        queue: queueOfPlan(plan),
        name: 'backup.run',
        payload: { v: 1, plan: plan.name, trigger, ...(pin ? { pin } : {}) },
        options: runJobOptions(plan),
      }),
    enqueueCleanup: ({ plan, backup }) =>
      enqueue(link, {
        queue: maintenanceQueue,
        name: 'backup.cleanup',
        payload: { v: 1, plan, backup },
        options: { ...cleanupJobOptions(), deduplication: { id: `${plan}/${backup}` } },
      }),
    enqueueSweep: ({ plan, dueAtMs }) =>
      enqueue(link, {
        queue: maintenanceQueue,
        name: 'backup.sweep',
        payload: { v: 1, plan },
        options: { ...sweepJobOptions(), delay: Math.max(0, dueAtMs - link.clock.now()) },
        jobId: armedId('sweep', plan, dueAtMs),
      }),
    enqueueUpkeep: (upkeep) => enqueueUpkeep(link, upkeep),
    enqueueNotification: (send) =>
      enqueue(link, {
        queue: maintenanceQueue,
        name: 'notify.send',
        payload: { v: 1, ...send },
        options: notifyJobOptions(),
        jobId: notificationRef(send.to, send.notification).jobId,
      }),
    findRuns: (filter) => findRuns(link, filter),
    getRun: (ref) => getRun(link, ref),
    retryRun: (ref) => retryRun(link, ref),
    cancelRun: (ref, by) => cancelRun(connection, producer, { ref, by }),
    readLog: async ({ queue, jobId }, from) =>
      (await link.queue(queue).getJobLogs(jobId, from, -1)).logs,
    removeRun: async (ref) => void (await link.queue(ref.queue).remove(ref.jobId)),
    workersOf: (queue) => workersOf(connection, queue),
  }
  return {
    enqueueRun: (request) => reach(link, producer.enqueueRun(request)),
    enqueueCleanup: (attempt) => reach(link, producer.enqueueCleanup(attempt)),
    enqueueSweep: (sweep) => reach(link, producer.enqueueSweep(sweep)),
    enqueueUpkeep: (upkeep) => reach(link, producer.enqueueUpkeep(upkeep)),
    enqueueNotification: (send) => reach(link, producer.enqueueNotification(send)),
    findRuns: (filter) => reach(link, producer.findRuns(filter)),
    getRun: (ref) => reach(link, producer.getRun(ref)),
    watchRun: (ref, options) =>
      watchRun((asked) => reach(link, producer.getRun(asked)), ref, options),
    retryRun: (ref) => reach(link, producer.retryRun(ref)),
    cancelRun: (ref, by) => reach(link, producer.cancelRun(ref, by)),
    readLog: (ref, from) => reach(link, producer.readLog(ref, from)),
    removeRun: (ref) => reach(link, producer.removeRun(ref)),
    workersOf: (queue) => reach(link, producer.workersOf(queue)),
    async [Symbol.asyncDispose]() {},
  }
}

/** Where the sending of a notification to a notifier is found in the queue. */
export function notificationRef(
  to: string,
  { id, plan }: { readonly id: string; readonly plan: string },
): RunRef {
  const digest = createHash('sha256').update(`${to}\n${id}`).digest('hex')
  return { queue: maintenanceQueue, jobId: `tell-${digest.slice(0, 40)}`, plan }
}

interface Enqueued<N extends JobName> {
  readonly queue: string
  readonly name: N
  readonly payload: PayloadByJobName[N]
  readonly options: Parameters<ReturnType<Link['queue']>['add']>[2]
  /** Whoever asks with an id that is in the queue already, done or not, adds nothing. */
  readonly jobId?: string
}

async function enqueue<N extends JobName>(link: Link, job: Enqueued<N>): Promise<RunRef> {
  const { plan } = job.payload
  const checked = payloadSchemas[job.name].safeParse(job.payload)
  if (!checked.success) {
    throw new QueueError('invalid-payload', `not a ${job.name} job: ${checked.error.message}`, {
      permanent: true,
    })
  }
  await noteQueues(link, [job.queue])
  const added = await link.queue(job.queue).add(job.name, checked.data, {
    ...job.options,
    // Ours, so that a command that was sent again after a reconnect adds nothing twice; and unique
    // for ever, where BullMQ's own counter begins anew on an empty Redis.
    jobId:
      job.jobId ?? `${plan}-${link.clock.now().toString(36)}-${randomBytes(4).toString('hex')}`,
  })
  return { queue: job.queue, jobId: added.id ?? '', plan }
}

function upkeepOptionsOf(name: UpkeepName) {
  if (name === 'backup.restore') return restoreJobOptions()
  return name === 'backup.lock' ? lockJobOptions() : upkeepJobOptions()
}

async function enqueueUpkeep(
  link: Link,
  { job, queue, once, dueAtMs }: EnqueueUpkeep,
): Promise<RunRef> {
  const { name, payload } = job
  const options = upkeepOptionsOf(name)
  const delay = dueAtMs === undefined ? 0 : Math.max(0, dueAtMs - link.clock.now())
  return await enqueue(link, {
    ...{ queue, name },
    // Checked against the schema of its name before it is sent.
    payload: { v: 1, ...payload } as PayloadByJobName[typeof name],
    options: { ...options, ...(delay > 0 ? { delay } : {}) },
    ...(once === null ? {} : { jobId: once }),
  })
}

async function getRun(link: Link, ref: RunRef): Promise<RunSummary | undefined> {
  const queue = link.queue(ref.queue)
  // State first: a run that ends in between has its result by the time we read it.
  const state = runState(await queue.getJobState(ref.jobId))
  const job = await queue.getJob(ref.jobId)
  if (!job || state === 'gone') return undefined
  const dueAtMs = state === 'delayed' ? await dueAt(link, ref.queue, ref.jobId) : null
  return summarize(job, { state, queue: ref.queue, dueAtMs })
}

function runState(state: string): RunState {
  switch (state) {
    case 'completed':
    case 'failed':
    case 'delayed':
    case 'active':
      return state
    case 'unknown':
      return 'gone'
    default:
      return 'waiting'
  }
}

async function retryRun(link: Link, ref: RunRef): Promise<void> {
  const job = await link.queue(ref.queue).getJob(ref.jobId)
  if (!job) {
    throw new QueueError('no-such-run', `There is no run ${ref.jobId} in the queue ${ref.queue}`, {
      permanent: true,
      remedy: 'Start a new one with `backstream run`.',
    })
  }
  // Somebody may have wanted its earlier end in the moment it came.
  await forgetWish(link, ref)
  const wasCancelled = (job.returnvalue as { outcome?: unknown } | null)?.outcome === 'cancelled'
  const state = wasCancelled ? 'completed' : 'failed'
  await job.retry(state, { resetAttemptsMade: true }).catch((error: unknown) => {
    const code = (error as { code?: unknown }).code
    if (code !== -3 && code !== -1) throw error
    throw new QueueError(
      'wrong-state',
      `The run ${ref.jobId} has neither failed nor been cancelled`,
      {
        cause: error,
        permanent: true,
        remedy: 'Only such a run can be tried again; start a new one with `backstream run`.',
      },
    )
  })
}

/** How often a run may move on between a look at it and what is done about it. */
const maxLooks = 5

async function cancelRun(
  connection: QueueConnection,
  producer: Pick<RunProducer, 'enqueueCleanup'>,
  wish: { readonly ref: RunRef; readonly by: string },
): Promise<'cancelled' | 'asked' | 'ended'> {
  const link = linkOf(connection)
  const { ref, by } = wish
  // First, so that a worker that takes it from its line at this moment knows.
  await wishCancelled(link, ref, by)
  for (let look = 0; look < maxLooks; look++) {
    const state = runState(await link.queue(ref.queue).getJobState(ref.jobId))
    if (state === 'active') return 'asked'
    const isInLine = state === 'waiting' || state === 'delayed'
    if (isInLine && !(await endWaiting(connection, producer, wish))) continue
    await forgetWish(link, ref)
    return isInLine ? 'cancelled' : 'ended'
  }
  return 'asked'
}

async function workersOf(connection: QueueConnection, queue: string): Promise<ConnectedWorker[]> {
  const workers = await livePresences(connection, 'worker')
  return workers.filter(({ serves }) => serves.includes(queue))
}

async function reach<T>(link: Link, done: Promise<T>): Promise<T> {
  try {
    return await done
  } catch (error) {
    throw translateError(error, link.address)
  }
}
