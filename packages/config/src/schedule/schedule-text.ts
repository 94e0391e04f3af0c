import type { Schedule } from '../model.ts'
import { formatDuration, parseDuration } from '../units/duration.ts'
import { ValueError } from '../value-error.ts'
import { parseCron } from './cron-pattern.ts'
import { checkTimeZone } from './time-zone.ts'

/**
 * A schedule as one line: `15 3 * * * Europe/Berlin ~10m` or `every 6h ~10m`. Equal schedules give
 * equal lines, so that two of them can be compared as text.
 */
export function encodeSchedule(schedule: Schedule): string {
  const when =
    schedule.kind === 'every'
      ? `every ${formatDuration(schedule.everyMs)}`
      : `${schedule.pattern.trim().split(/\s+/).join(' ')} ${schedule.timezone}`
  return schedule.jitterMs > 0 ? `${when} ~${formatDuration(schedule.jitterMs)}` : when
}

/** Reads what `encodeSchedule` writes. Throws `ValueError` for anything else. */
export function decodeSchedule(text: string): Schedule {
  const words = text.split(' ')
  const jitter = words.at(-1)?.startsWith('~') ? words.pop() : undefined
  const jitterMs = jitter === undefined ? 0 : parseDuration(jitter.slice(1))
  if (words[0] === 'every' && words.length === 2) {
    return { kind: 'every', everyMs: parseDuration(words[1] ?? ''), jitterMs }
  }
  const timezone = words.pop()
  if (timezone === undefined || words.length !== 5) throw new ValueError('not a schedule')
  const pattern = words.join(' ')
  parseCron(pattern)
  checkTimeZone(timezone)
  return { kind: 'cron', pattern, timezone, jitterMs }
}
