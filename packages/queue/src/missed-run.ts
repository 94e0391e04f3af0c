import type { Plan } from '@backstream/config'
import type { Job } from 'bullmq'
import type { WantedSchedule } from './arm-schedule.ts'
import { linkOf, type QueueConnection } from './open-connection.ts'
import { nextOfPattern, patternOf } from './plan-schedule.ts'
import { livePresences } from './presence.ts'
import { scheduledForOf } from './run-summary.ts'

/** Somewhat late is nothing. */
export const lateMs = 60_000

/**
 * Whether a run that begins now for the first time was missed: it is late, and of the workers of its
 * queue that are alive none was there when it was due. One that only had to wait in line was not.
 */
export async function wasMissed(
  connection: QueueConnection,
  job: Pick<Job, 'id' | 'queueName' | 'attemptsStarted'>,
  startedAtMs: number,
): Promise<boolean> {
  const dueAtMs = scheduledForOf(job.id)
  if (dueAtMs === null || job.attemptsStarted > 1) return false
  if (linkOf(connection).clock.now() - dueAtMs <= lateMs || startedAtMs <= dueAtMs) return false
  const workers = await livePresences(connection, 'worker')
  return !workers.some(
    (worker) => worker.serves.includes(job.queueName) && worker.startedAtMs <= dueAtMs,
  )
}

/**
 * Whether of the runs that were missed, the first of them due at `firstDueAtMs`, the last one is young
 * enough to be caught up on: once for all of them.
 */
export function isWorthCatchingUp(
  plan: Pick<Plan, 'name' | 'schedule' | 'catchUpMs'>,
  firstDueAtMs: number,
  nowMs: number,
): boolean {
  const { name, schedule, catchUpMs } = plan
  if (schedule === null) return catchUpMs !== null && nowMs - firstDueAtMs <= catchUpMs
  return mayCatchUp({ pattern: patternOf({ name, schedule }), catchUpMs }, firstDueAtMs, nowMs)
}

export function mayCatchUp(
  schedule: Pick<WantedSchedule, 'pattern' | 'catchUpMs'>,
  firstDueAtMs: number,
  nowMs: number,
): boolean {
  const { pattern, catchUpMs } = schedule
  if (catchUpMs === null) return false
  if (nowMs - firstDueAtMs <= catchUpMs) return true
  return nextOfPattern(pattern, nowMs - catchUpMs) <= nowMs
}
