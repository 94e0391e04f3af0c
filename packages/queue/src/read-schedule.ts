import type { Job } from 'bullmq'
import type { Link } from './open-connection.ts'
import { scheduledJobId } from './run-summary.ts'

/** What a job scheduler holds now, in one queue. */
export interface ScheduleState {
  readonly queue: string
  readonly plan: string
  /** Null when the schedule is not among those that run, whatever is left of it. */
  readonly nextMs: number | null
  readonly jobName: string | null
  readonly pattern: string | null
  readonly data: unknown
  readonly options: unknown
  /** The job of `nextMs`: without one that is armed the schedule never runs again. */
  readonly armed: ArmedState
}

export type ArmedState =
  | 'delayed'
  /** Due, and in line; or once failed, and in line again. */
  | 'waiting'
  /** Started, and the next run not armed yet: that takes a moment only. */
  | 'active'
  /** Started, and long enough ago that the next run should have been armed. */
  | 'overrun'
  | 'finished'
  | 'missing'

/** A worker arms the next run right after it took one; across a reconnect that may take a while. */
const armingGraceMs = 30_000

export async function listSchedulers(link: Link, queue: string): Promise<string[]> {
  return await link.redis.zrange(link.queue(queue).toKey('repeat'), '0', '-1')
}

export async function readSchedule(
  link: Link,
  queueName: string,
  plan: string,
): Promise<ScheduleState> {
  const queue = link.queue(queueName)
  const [scheduler, [score, armed]] = await Promise.all([
    queue.getJobScheduler(plan),
    readArmed(link, queueName, plan),
  ])
  const state = { queue: queueName, plan, nextMs: score === null ? null : Number(score) }
  return {
    ...state,
    jobName: scheduler?.name ?? null,
    pattern: scheduler?.pattern ?? null,
    data: scheduler?.template?.data,
    options: scheduler?.template?.opts,
    armed,
  }
}

async function readArmed(
  link: Link,
  queueName: string,
  plan: string,
): Promise<[string | null, ArmedState]> {
  const queue = link.queue(queueName)
  const keys = ['repeat', 'delayed', 'prioritized', 'wait', 'active'].map((name) =>
    queue.toKey(name),
  )
  const answer = await link.redis.eval(armedScript, 5, ...keys, plan, queue.toKey(''))
  const [score, place, processedOn] = answer as [string | null, ArmedState, string | null]
  const startedAgoMs = link.clock.now() - Number(processedOn ?? 0)
  return [score, place === 'active' && startedAgoMs > armingGraceMs ? 'overrun' : place]
}

/** One script, so that a run that is just being started is seen either before or after. */
const armedScript = `
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return {false, 'missing', false} end
local id = 'repeat:' .. ARGV[1] .. ':' .. score
local job = ARGV[2] .. id
if redis.call('ZSCORE', KEYS[2], id) then return {score, 'delayed', false} end
if redis.call('ZSCORE', KEYS[3], id) or redis.call('LPOS', KEYS[4], id) then
  return {score, 'waiting', false}
end
if redis.call('LPOS', KEYS[5], id) then
  return {score, 'active', redis.call('HGET', job, 'processedOn')}
end
return {score, redis.call('EXISTS', job) == 1 and 'finished' or 'missing', false}`

/**
 * Takes the run that is due by `horizonMs`, or waits already, out of its scheduler's hands.
 *
 * BullMQ removes a scheduler's latest job when the scheduler is changed, even one that is due; a run
 * that was detached stays as it is and runs. Returns its time; null when there was nothing due.
 */
export async function detachDueRun(
  link: Link,
  state: Pick<ScheduleState, 'queue' | 'plan'>,
  horizonMs: number,
): Promise<number | null> {
  const queue = link.queue(state.queue)
  const keys = ['repeat', 'delayed', 'prioritized', 'wait'].map((name) => queue.toKey(name))
  const score = await link.redis.eval(detachScript, 4, ...keys, state.plan, horizonMs)
  return score === null ? null : Number(score)
}

const detachScript = `
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score then return false end
local id = 'repeat:' .. ARGV[1] .. ':' .. score
local delayed = redis.call('ZSCORE', KEYS[2], id)
local waits = redis.call('ZSCORE', KEYS[3], id) or redis.call('LPOS', KEYS[4], id)
if waits or (delayed and tonumber(score) <= tonumber(ARGV[2])) then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return score
end
return false`

export async function jobAt(
  link: Link,
  state: Pick<ScheduleState, 'queue' | 'plan'>,
  dueAtMs: number,
): Promise<Job | undefined> {
  return await link.queue(state.queue).getJob(scheduledJobId(state.plan, dueAtMs))
}
