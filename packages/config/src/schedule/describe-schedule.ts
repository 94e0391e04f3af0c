import type { Schedule } from '../model.ts'
import { formatDuration } from '../units/duration.ts'

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/**
 * A schedule in words, for tables: `daily at 03:15 Europe/Berlin`, `every 6h`. What has no short
 * name is shown as the expression itself.
 */
export function describeSchedule(schedule: Schedule | null): string {
  if (schedule === null) return 'by hand only'
  if (schedule.kind === 'every') return `every ${formatDuration(schedule.everyMs)}`
  return `${describeCron(schedule.pattern.trim())} ${schedule.timezone}`
}

function describeCron(pattern: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = pattern.split(/\s+/)
  const plain = `cron ${pattern}`
  if (!/^\d+$/.test(minute) || month !== '*') return plain
  const mm = minute.padStart(2, '0')
  if (hour === '*' && day === '*' && weekday === '*') return `hourly at :${mm}`
  if (!/^\d+$/.test(hour)) return plain
  const time = `${hour.padStart(2, '0')}:${mm}`
  if (day === '*' && weekday === '*') return `daily at ${time}`
  if (day === '*' && weekday === '1-5') return `Monday to Friday at ${time}`
  if (day === '*' && /^[0-7]$/.test(weekday)) return `${weekdays[Number(weekday) % 7]}s at ${time}`
  if (/^\d+$/.test(day) && weekday === '*') return `monthly on day ${day} at ${time}`
  return plain
}
