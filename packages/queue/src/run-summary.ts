import type { RunProgress, RunResult, SweepResult, Trigger, UpkeepResult } from '@backstream/jobs'
import type { Job } from 'bullmq'
import { armedForOf, isUpkeepResult } from './upkeep.ts'

/** Where a run is found again. */
export interface RunRef {
  readonly queue: string
  readonly jobId: string
  readonly plan: string
}

/** `gone`: nobody knows it any more. A run between two attempts is `delayed`. */
export type RunState = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'gone'

export interface RunSummary {
  readonly ref: RunRef
  /** `backup.run`, `backup.cleanup`, or whatever was typed by hand. */
  readonly jobName: string
  readonly state: RunState
  readonly trigger: Trigger | null
  readonly attemptsMade: number
  readonly attempts: number
  /** In words; of the last attempt that failed. */
  readonly failedReason: string | null
  readonly createdAtMs: number
  /** When its schedule wanted it; null for a run by hand. */
  readonly scheduledForMs: number | null
  /** When the last attempt began. */
  readonly startedAtMs: number | null
  readonly finishedAtMs: number | null
  /** For `delayed`: when it may begin. */
  readonly dueAtMs: number | null
  readonly progress: RunProgress | null
  readonly result: RunResult | null
  /** Of a sweep that ended well. */
  readonly swept?: SweepResult
  /** Of a verification, a drill, a pruning or a lock that ended well. */
  readonly upkeep?: UpkeepResult
}

export function summarize(
  job: Job,
  at: { readonly state: RunState; readonly queue: string; readonly dueAtMs: number | null },
): RunSummary {
  return {
    ref: { queue: at.queue, jobId: job.id ?? '', plan: planOfJob(job) ?? '' },
    jobName: job.name,
    state: at.state,
    trigger: triggerOf(job.data),
    attemptsMade: job.attemptsMade,
    attempts: job.opts.attempts ?? 1,
    failedReason: job.failedReason || null,
    createdAtMs: job.timestamp,
    scheduledForMs: scheduledForOf(job.id),
    startedAtMs: job.processedOn ?? null,
    finishedAtMs: job.finishedOn ?? null,
    dueAtMs: at.dueAtMs,
    progress: isRecord(job.progress) ? (job.progress as unknown as RunProgress) : null,
    ...resultOf(job.returnvalue),
  }
}

function resultOf(value: unknown): Pick<RunSummary, 'result' | 'swept' | 'upkeep'> {
  if (!isRecord(value)) return { result: null }
  if (isUpkeepResult(value)) return { result: null, upkeep: value as unknown as UpkeepResult }
  if (value['outcome'] !== 'swept') return { result: value as unknown as RunResult }
  return { result: null, swept: value as unknown as SweepResult }
}

/** The plan a job names, be its payload valid or not; undefined when it names none that could be. */
export function planOfJob(job: Pick<Job, 'data' | 'id'>): string | undefined {
  const plan = isRecord(job.data) ? job.data['plan'] : undefined
  return isPlanName(plan) ? plan : planOfJobId(job.id)
}

const schedulerJobId = /^repeat:([a-z0-9][a-z0-9-]{0,62}):(\d{1,16})$/

export function planOfJobId(id: string | undefined): string | undefined {
  return schedulerJobId.exec(id ?? '')?.[1]
}

export function scheduledForOf(id: string | undefined): number | null {
  const millis = schedulerJobId.exec(id ?? '')?.[2]
  return millis === undefined ? armedForOf(id) : Number(millis)
}

/** The id BullMQ gives to a scheduler's run at a time. */
export function scheduledJobId(plan: string, dueAtMs: number): string {
  return `repeat:${plan}:${dueAtMs}`
}

function isPlanName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(value)
}

function triggerOf(data: unknown): Trigger | null {
  const trigger = isRecord(data) ? data['trigger'] : undefined
  return trigger === 'schedule' || trigger === 'manual' || trigger === 'catchup' ? trigger : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
