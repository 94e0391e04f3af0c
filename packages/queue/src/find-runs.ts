import type { JobType } from 'bullmq'
import type { Link } from './open-connection.ts'
import { knownQueues } from './queue-names.ts'
import { planOfJob, type RunState, type RunSummary, summarize } from './run-summary.ts'

export interface RunFilter {
  readonly plan?: string
  /** Default: runs and maintenance jobs. */
  readonly jobName?: string
  /** Default: every state. */
  readonly states?: readonly Exclude<RunState, 'gone'>[]
  readonly limit: number
}

const allStates = ['active', 'waiting', 'delayed', 'completed', 'failed'] as const
const pageSize = 100
/** How far back one look goes per queue and state; more is kept only where hundreds of plans share a queue. */
const lookAtMost = 5000

/**
 * Runs of all queues, newest first. `maintenance` jobs are among them: told apart by `jobName`. What a
 * schedule has armed for a time to come is no run yet: `listSchedules` tells it.
 */
export async function findRuns(link: Link, filter: RunFilter): Promise<RunSummary[]> {
  const queues = await knownQueues(link)
  const lists = queues.flatMap((queue) =>
    (filter.states ?? allStates).map((state) => findInState(link, filter, { queue, state })),
  )
  const found = (await Promise.all(lists)).flat()
  // A run that moved on while we read is in two lists.
  const byId = new Map(found.map((run) => [`${run.ref.queue}/${run.ref.jobId}`, run]))
  return [...byId.values()].sort((a, b) => newness(b) - newness(a)).slice(0, filter.limit)
}

async function findInState(
  link: Link,
  filter: RunFilter,
  at: { readonly queue: string; readonly state: Exclude<RunState, 'gone'> },
): Promise<RunSummary[]> {
  const queue = link.queue(at.queue)
  const types: JobType[] = at.state === 'waiting' ? ['wait', 'prioritized'] : [at.state]
  const found: RunSummary[] = []
  for (let start = 0; start < lookAtMost && found.length < filter.limit; start += pageSize) {
    const page = await queue.getJobs(types, start, start + pageSize - 1, false)
    const jobs = page.filter((job) => job && (!filter.plan || planOfJob(job) === filter.plan))
    for (const job of jobs) {
      const dueAtMs = at.state === 'delayed' ? await dueAt(link, at.queue, job.id) : null
      const run = summarize(job, { state: at.state, queue: at.queue, dueAtMs })
      const isWanted = filter.jobName === undefined || filter.jobName === run.jobName
      if (isWanted && !isArmedOnly(run, link.clock.now())) found.push(run)
    }
    if (page.length < pageSize) break
  }
  return found
}

/** When a delayed run may begin; null when it is not delayed any more. */
export async function dueAt(
  link: Link,
  queue: string,
  jobId: string | undefined,
): Promise<number | null> {
  const score = await link.redis.zscore(link.queue(queue).toKey('delayed'), jobId ?? '')
  // BullMQ keeps the time in the upper bits and an order among equals in the lower twelve.
  return score === null ? null : Math.floor(Number(score) / 0x1000)
}

function isArmedOnly(run: RunSummary, nowMs: number): boolean {
  return (
    run.state === 'delayed' &&
    run.attemptsMade === 0 &&
    run.scheduledForMs !== null &&
    (run.jobName !== 'backup.run' || run.scheduledForMs > nowMs)
  )
}

function newness(run: RunSummary): number {
  return run.finishedAtMs ?? run.startedAtMs ?? run.createdAtMs
}
