import { decodeSchedule, encodeSchedule, nextRun, type Schedule } from '@backstream/config'

/**
 * A plan's schedule as the `pattern` of its job scheduler: `15 3 * * * Europe/Berlin ~10m #media`.
 *
 * The plan's name is part of it because jitter follows from the name, and BullMQ hands a repeat
 * strategy nothing else to tell plans apart by.
 */
export function patternOf(plan: { readonly name: string; readonly schedule: Schedule }): string {
  return `${encodeSchedule(plan.schedule)} #${plan.name}`
}

/** The first due time strictly after `afterMs`. Throws for what `patternOf` did not write. */
export function nextOfPattern(pattern: string, afterMs: number): number {
  const at = pattern.lastIndexOf(' #')
  if (at < 0) throw new RangeError('not a pattern of ours')
  return nextRun(decodeSchedule(pattern.slice(0, at)), pattern.slice(at + 2), afterMs)
}
