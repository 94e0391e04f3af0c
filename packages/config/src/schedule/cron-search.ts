/**
 * Cron matching on naive local time: milliseconds as if the wall clock were UTC. Knows no time
 * zone; time-zone.ts maps what is found here to instants.
 */
import { ValueError } from '../value-error.ts'
import { type CronPattern, dayMatches } from './cron-pattern.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
/** 29 February can be eight years away (1896 to 1904, 2096 to 2104). */
const horizonDays = 9 * 366

/** The first match after `localMs`, strictly. */
export function nextMatch(pattern: CronPattern, localMs: number): number {
  const today = startOfDay(localMs)
  const minute = Math.floor((localMs - today) / minuteMs)
  const later = pattern.minutesOfDay.find((candidate) => candidate > minute)
  if (later !== undefined && matches(pattern, today)) return today + later * minuteMs
  return findDay(pattern, today, 1) + (pattern.minutesOfDay[0] ?? 0) * minuteMs
}

/** The last match at or before `localMs`. */
export function previousMatch(pattern: CronPattern, localMs: number): number {
  const today = startOfDay(localMs)
  const minute = Math.floor((localMs - today) / minuteMs)
  const earlier = pattern.minutesOfDay.findLast((candidate) => candidate <= minute)
  if (earlier !== undefined && matches(pattern, today)) return today + earlier * minuteMs
  return findDay(pattern, today, -1) + (pattern.minutesOfDay.at(-1) ?? 0) * minuteMs
}

function findDay(pattern: CronPattern, from: number, step: 1 | -1): number {
  for (let day = from + step * dayMs, tries = 0; tries < horizonDays; tries += 1) {
    const date = new Date(day)
    if (pattern.months.has(date.getUTCMonth() + 1)) {
      if (matches(pattern, day)) return day
      day += step * dayMs
    } else {
      // Straight to the nearest day of the neighbouring month.
      day = Date.UTC(
        date.getUTCFullYear(),
        date.getUTCMonth() + (step === 1 ? 1 : 0),
        step === 1 ? 1 : 0,
      )
    }
  }
  throw new ValueError('this schedule does not fire within nine years')
}

function matches(pattern: CronPattern, dayStartMs: number): boolean {
  const date = new Date(dayStartMs)
  return dayMatches(pattern, {
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  })
}

function startOfDay(localMs: number): number {
  return Math.floor(localMs / dayMs) * dayMs
}
