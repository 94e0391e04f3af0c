import { createHash } from 'node:crypto'
import type { Schedule } from '../model.ts'

/**
 * By how much a plan's runs are moved from the schedule's round times: the same on every machine
 * and after every restart, different from plan to plan, in whole seconds.
 */
export function spreadMs(schedule: Schedule, planName: string): number {
  const jitterMs = share(`jitter ${planName}`, schedule.jitterMs)
  if (schedule.kind === 'cron') return jitterMs
  return (share(`every ${planName}`, schedule.everyMs) + jitterMs) % schedule.everyMs
}

function share(text: string, rangeMs: number): number {
  const seconds = Math.floor(rangeMs / 1000)
  if (seconds <= 1) return 0
  return (createHash('sha256').update(text).digest().readUIntBE(0, 6) % seconds) * 1000
}
