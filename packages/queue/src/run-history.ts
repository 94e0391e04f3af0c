/**
 * How every plan's runs stand, for whoever looks again and again at thousands of them: the first look
 * reads what the queues keep, each later one only what has ended since.
 */
import { backupsQueue } from '@backstream/jobs'
import { findRuns } from './find-runs.ts'
import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { knownQueues } from './queue-names.ts'
import { type RunState, type RunSummary, summarize } from './run-summary.ts'
import { translateError } from './translate-error.ts'

export interface RunsNow {
  /** By plan: the newest run that has ended. */
  readonly lastEnded: ReadonlyMap<string, RunSummary>
  /** By plan: when runs failed for good, as far as the queue remembers. */
  readonly failuresAtMs: ReadonlyMap<string, ReadonlySet<number>>
  /** Under way, in line, or between two attempts; newest first. */
  readonly going: readonly RunSummary[]
}

export interface RunHistory {
  /** Rejects with `unreachable` when Redis is away. Not to be called while an earlier call runs. */
  read(): Promise<RunsNow>
}

type EndState = Extract<RunState, 'completed' | 'failed'>
const endStates: readonly EndState[] = ['completed', 'failed']
const pageSize = 250
const goingAtMost = 1000

export function openRunHistory(
  connection: QueueConnection,
  { plans }: { readonly plans: readonly string[] },
): RunHistory {
  const link = linkOf(connection)
  let memory = emptyMemory()
  return {
    async read() {
      try {
        const queues = (await knownQueues(link)).filter((name) => name.startsWith(backupsQueue))
        if (await isSomeGone(link, memory)) memory = emptyMemory()
        for (const queue of queues) {
          for (const state of endStates) await readEnded(link, memory, { queue, state, plans })
        }
        const states = ['active', 'waiting', 'delayed'] as const
        const going = await findRuns(link, { jobName: 'backup.run', states, limit: goingAtMost })
        return { lastEnded: memory.last, failuresAtMs: memory.failures, going }
      } catch (error) {
        throw translateError(error, link.address)
      }
    },
  }
}

interface Memory {
  readonly last: Map<string, RunSummary>
  readonly failures: Map<string, Set<number>>
  /** By queue and state: when the newest run ended that was read. */
  readonly readUpTo: Map<string, number>
}

function emptyMemory(): Memory {
  return { last: new Map(), failures: new Map(), readUpTo: new Map() }
}

interface EndedAt {
  readonly queue: string
  readonly state: EndState
  readonly plans: readonly string[]
}

async function readEnded(link: Link, memory: Memory, at: EndedAt): Promise<void> {
  const { queue, state, plans } = at
  const key = `${queue}/${state}`
  const set = link.queue(queue).toKey(state)
  const since = memory.readUpTo.get(key)
  // Failures are all told, for the days they fell on; of what went well the newest of each plan is.
  const missing = new Set(state === 'completed' && since === undefined ? plans : [])
  const isEnough = () => state === 'completed' && since === undefined && missing.size === 0
  let newest = since ?? 0
  for (let start = 0; !isEnough(); start += pageSize) {
    const [from, to] = ['+inf', String(since ?? '-inf')]
    const ids = await link.redis.zrevrangebyscore(set, from, to, 'LIMIT', start, pageSize)
    for (const run of await readRuns(link, at, ids)) {
      newest = Math.max(newest, run.finishedAtMs ?? 0)
      missing.delete(run.ref.plan)
      remember(memory, run)
    }
    if (ids.length < pageSize) break
  }
  memory.readUpTo.set(key, newest)
}

async function readRuns(
  link: Link,
  { queue, state }: EndedAt,
  ids: readonly string[],
): Promise<RunSummary[]> {
  const jobs = await Promise.all(ids.map((id) => link.queue(queue).getJob(id)))
  return jobs
    .filter((job) => job !== undefined)
    .map((job) => summarize(job, { state, queue, dueAtMs: null }))
    .filter(({ jobName }) => jobName === 'backup.run')
}

function remember({ last, failures }: Memory, run: RunSummary): void {
  const { plan } = run.ref
  const atMs = run.finishedAtMs ?? run.createdAtMs
  if (run.state === 'failed') {
    const known = failures.get(plan) ?? new Set()
    failures.set(plan, known.add(atMs))
  }
  const before = last.get(plan)
  if (before && (before.finishedAtMs ?? before.createdAtMs) > atMs) return
  last.set(plan, run)
}

/** Somebody retried or removed a run that is remembered as failed: what came before it counts again. */
async function isSomeGone(link: Link, { last }: Memory): Promise<boolean> {
  const failed = [...last.values()].filter(({ state }) => state === 'failed')
  for (const [queue, runs] of Map.groupBy(failed, ({ ref }) => ref.queue)) {
    const key = link.queue(queue).toKey('failed')
    const scores = await link.redis.zmscore(key, ...runs.map(({ ref }) => ref.jobId))
    if (scores.some((score) => score === null)) return true
  }
  return false
}
