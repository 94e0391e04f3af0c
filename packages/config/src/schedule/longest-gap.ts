import type { Schedule } from '../model.ts'
import { type CronPattern, dayMatches, parseCron } from './cron-pattern.ts'
import { largestStepBackMs } from './time-zone.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** The longest time that can lie between two neighbouring runs, daylight saving included. */
export function longestGapMs(schedule: Schedule): number {
  if (schedule.kind === 'every') return schedule.everyMs
  // The way from wall clock to instant never stretches a gap by more than one step back.
  return longestLocalGapMs(schedule.pattern) + largestStepBackMs(schedule.timezone)
}

/** When a plan counts as overdue if it does not say: the longest gap and max(1 h, 25 %) more. */
export function defaultOverdueAfterMs(schedule: Schedule): number {
  const gap = longestGapMs(schedule)
  return gap + Math.max(hourMs, Math.ceil(gap / 4 / minuteMs) * minuteMs)
}

const known = new Map<string, number>()

function longestLocalGapMs(text: string): number {
  const cached = known.get(text)
  if (cached !== undefined) return cached
  const pattern = parseCron(text)
  const minutes = pattern.minutesOfDay
  const first = minutes[0] ?? 0
  const last = minutes.at(-1) ?? 0
  const overNight = longestDayGap(pattern) * dayMs - (last - first) * minuteMs
  const within = minutes.map(
    (minute, index) => (minute - (minutes[index - 1] ?? minute)) * minuteMs,
  )
  const gap = Math.max(overNight, ...within)
  if (known.size > 10_000) known.clear()
  known.set(text, gap)
  return gap
}

/** Days from one matching day to the next, at most. */
function longestDayGap(pattern: CronPattern): number {
  const byWeekdayOnly =
    pattern.months.size === 12 && pattern.daysOfMonth.size === 31 && !pattern.eitherDay
  // 28 years hold every pairing of date and weekday; one more for the last gap.
  const days = byWeekdayOnly ? 14 : 29 * 366
  let longest = 1
  let lastMatch: number | undefined
  const start = Date.UTC(2001, 0, 1) / dayMs
  for (let day = start; day < start + days; day += 1) {
    const date = new Date(day * dayMs)
    const shown = {
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      weekday: date.getUTCDay(),
    }
    if (!dayMatches(pattern, shown)) continue
    if (lastMatch !== undefined) longest = Math.max(longest, day - lastMatch)
    lastMatch = day
  }
  return longest
}
