import type { CronSchedule, Schedule } from '../model.ts'
import { parseCron } from './cron-pattern.ts'
import { nextMatch, previousMatch } from './cron-search.ts'
import { spreadMs } from './spread.ts'
import { instantOf, localHighWater } from './time-zone.ts'

/** The plan's first run strictly after `afterMs`. */
export function nextRun(schedule: Schedule, planName: string, afterMs: number): number {
  const spread = spreadMs(schedule, planName)
  const after = afterMs - spread
  if (schedule.kind === 'every') {
    return (Math.floor(after / schedule.everyMs) + 1) * schedule.everyMs + spread
  }
  return nextInstant(schedule, after) + spread
}

/** The plan's next `count` runs strictly after `afterMs`, ascending. */
export function nextRuns(
  schedule: Schedule,
  planName: string,
  options: { readonly afterMs: number; readonly count: number },
): number[] {
  const runs: number[] = []
  for (let at = options.afterMs; runs.length < options.count; ) {
    at = nextRun(schedule, planName, at)
    runs.push(at)
  }
  return runs
}

/** The plan's last run at or before `atMs`. */
export function previousRun(schedule: Schedule, planName: string, atMs: number): number {
  const spread = spreadMs(schedule, planName)
  const at = atMs - spread
  if (schedule.kind === 'every') {
    return Math.floor(at / schedule.everyMs) * schedule.everyMs + spread
  }
  const local = previousMatch(parseCron(schedule.pattern), localHighWater(schedule.timezone, at))
  return instantOf(schedule.timezone, local) + spread
}

function nextInstant(schedule: CronSchedule, afterMs: number): number {
  const local = nextMatch(parseCron(schedule.pattern), localHighWater(schedule.timezone, afterMs))
  return instantOf(schedule.timezone, local)
}
