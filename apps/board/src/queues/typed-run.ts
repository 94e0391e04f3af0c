/**
 * What someone typed into the add-job form, reduced to what may happen: a run of a configured plan,
 * by hand, in the plan's own queue. The name, the trigger and every option are ours, never theirs;
 * an option that reaches for a schedule's own job is taken as what it is, an attack, and refused.
 */
import type { Plan } from '@backstream/config'
import { QueueError, sanitizeAddJob } from '@backstream/queue'
import { BoardError } from '../board-error.ts'

export interface TypedJob {
  readonly data: unknown
  readonly options: unknown
}

export interface TypedRun {
  readonly plan: Plan
  readonly pin: boolean
  /** Options that were typed and dropped, for the log. */
  readonly dropped: readonly string[]
}

/** Throws a `BoardError` `refused` (400) that says in words why not. */
export function readTypedRun(typed: TypedJob, queue: string, plans: readonly Plan[]): TypedRun {
  const dropped = droppedOptions(typed.options)
  const data = completed(typed.data)
  try {
    const { plan, payload } = sanitizeAddJob({ queue, name: 'backup.run', data }, plans)
    return { plan, pin: payload.pin ?? false, dropped }
  } catch (error) {
    if (!(error instanceof QueueError)) throw error
    throw refused(error.message, error)
  }
}

/** So that a plan's name is all that must be typed. */
function completed(data: unknown): unknown {
  const isRecord = typeof data === 'object' && data !== null && !Array.isArray(data)
  return isRecord ? { v: 1, trigger: 'manual', ...data } : data
}

function droppedOptions(options: unknown): string[] {
  if (typeof options !== 'object' || options === null) return []
  const { jobId } = options as { jobId?: unknown }
  // BullMQ derives a scheduled run's id from schedule and time; a job that takes it first keeps
  // that schedule from ever being armed again.
  if (typeof jobId === 'string' && jobId.startsWith('repeat:')) {
    const id = jobId.length > 80 ? `${jobId.slice(0, 80)}…` : jobId
    throw refused(`The job id ${id} belongs to a schedule. Leave the job options empty.`)
  }
  return Object.keys(options)
}

function refused(message: string, cause?: unknown): BoardError {
  return new BoardError('refused', message, { cause, statusCode: 400, permanent: true })
}
