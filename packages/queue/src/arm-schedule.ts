import { isDeepStrictEqual } from 'node:util'
import type { Plan, Schedule } from '@backstream/config'
import { type BackupRunPayload, queueOfPlan } from '@backstream/jobs'
import type { JobsOptions } from 'bullmq'
import { runJobOptions } from './job-options.ts'
import type { Link } from './open-connection.ts'
import { nextOfPattern, patternOf } from './plan-schedule.ts'
import { QueueError } from './queue-error.ts'
import { detachDueRun, jobAt, type ScheduleState } from './read-schedule.ts'
import { scheduledForOf } from './run-summary.ts'

/** The job scheduler a plan should have. */
export interface WantedSchedule {
  readonly plan: string
  readonly queue: string
  readonly pattern: string
  readonly data: BackupRunPayload
  readonly options: JobsOptions
  /** How late a missed run may still begin; null: not at all. */
  readonly catchUpMs: number | null
}

export type ScheduledPlan = Pick<
  Plan,
  'name' | 'runsOn' | 'attempts' | 'backoff' | 'enabled' | 'schedule' | 'catchUpMs'
>

/** Null for a plan that is switched off or has no schedule. */
export function wantedSchedule(plan: ScheduledPlan): WantedSchedule | null {
  if (!plan.enabled || plan.schedule === null) return null
  const schedule: Schedule = plan.schedule
  return {
    plan: plan.name,
    queue: queueOfPlan(plan),
    pattern: patternOf({ name: plan.name, schedule }),
    data: { v: 1, plan: plan.name, trigger: 'schedule' },
    options: runJobOptions(plan),
    catchUpMs: plan.catchUpMs,
  }
}

/** Whether the scheduler would make the very runs that are wanted. Says nothing of it being armed. */
export function isAsWanted(state: ScheduleState, wanted: WantedSchedule): boolean {
  return (
    state.jobName === 'backup.run' &&
    state.pattern === wanted.pattern &&
    isDeepStrictEqual(state.data, { ...wanted.data }) &&
    isDeepStrictEqual(state.options, JSON.parse(JSON.stringify(wanted.options)))
  )
}

/** A run due this soon is detached as well: it could come due between two commands of ours. */
const soonMs = 5000
/** How many times in a row may already have a job under their id. */
const maxSteps = 50

/**
 * Makes the scheduler what is wanted and arms its next run, whatever its state; returns when that is
 * due. A run that is due already, or about to be, is left to run.
 */
export async function armSchedule(link: Link, wanted: WantedSchedule): Promise<number> {
  const detached = await detachDueRun(link, wanted, link.clock.now() + soonMs)
  let after = Math.max(link.clock.now(), detached ?? 0)
  for (let step = 0; step < maxSteps; step++) {
    const dueAtMs = nextOfPattern(wanted.pattern, after)
    const armedFor = await upsert(link, wanted, after)
    if (armedFor !== null) return armedFor
    after = await clearTheWay(link, wanted, dueAtMs)
  }
  throw new QueueError(
    'blocked',
    `The next ${maxSteps} runs of ${wanted.plan} have jobs under their ids`,
    { remedy: `Look through the queue ${wanted.queue} for jobs that nobody scheduled.` },
  )
}

/** When the armed run is due; null when another job has its id. */
async function upsert(link: Link, wanted: WantedSchedule, after: number): Promise<number | null> {
  const isAhead = after > link.clock.now()
  try {
    const job = await link
      .queue(wanted.queue)
      .upsertJobScheduler(
        wanted.plan,
        { pattern: wanted.pattern, ...(isAhead ? { startDate: after } : {}) },
        { name: 'backup.run', data: wanted.data, opts: wanted.options },
      )
    return scheduledForOf(job?.id)
  } catch (error) {
    if ((error as { code?: unknown }).code === idCollision) return null
    throw error
  }
}

/** BullMQ's code for: there is a job under the id of the run that should be armed. */
const idCollision = -10

/**
 * A job has the id of the run that should be armed. When it is the schedule's own, its time is taken
 * and we look further; a stranger, which somebody added under that id, is removed. Returns the time
 * after which to look.
 */
async function clearTheWay(link: Link, wanted: WantedSchedule, dueAtMs: number): Promise<number> {
  const job = await jobAt(link, wanted, dueAtMs)
  if (!job || job.repeatJobKey === wanted.plan) return job ? dueAtMs : link.clock.now()
  link.logger.warn(
    { plan: wanted.plan, queue: wanted.queue, job: job.id },
    `a job that no schedule made bears the id of the next run of ${wanted.plan}: removing it`,
  )
  try {
    await job.remove()
    return link.clock.now()
  } catch {
    // It is being worked on: it stands for this run, and the schedule goes on after it.
    return dueAtMs
  }
}
