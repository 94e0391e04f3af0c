import { ValueError } from '../value-error.ts'

/** A cron expression, read. Days match by the rule of cron(5): see `dayMatches`. */
export interface CronPattern {
  /** Minutes since midnight at which it fires on a day that matches, ascending; never empty. */
  readonly minutesOfDay: readonly number[]
  readonly daysOfMonth: ReadonlySet<number>
  /** 1 to 12. */
  readonly months: ReadonlySet<number>
  /** 0 (Sunday) to 6. */
  readonly weekdays: ReadonlySet<number>
  /** With neither day field starting with `*`, a day matches when either does; else when both do. */
  readonly eitherDay: boolean
}

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' '),
  },
  { name: 'day of week', min: 0, max: 7, names: 'sun mon tue wed thu fri sat'.split(' ') },
]
const form = 'write five fields, minute hour day month weekday: "15 3 * * *" is daily at 03:15'

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/**
 * Reads the five fields of cron(5): `*`, numbers, names, ranges, lists, steps.
 *
 * Throws `ValueError` for anything else: seconds, `@daily`, `L`, `W`, `#`, and a pattern that no
 * date can ever match.
 */
export function parseCron(text: string): CronPattern {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== 5) throw wrongShape(text.trim(), parts)
  const [minutes, hours, daysOfMonth, months, weekdays] = parts.map((part, index) =>
    readField(part, fields[index] as Field),
  ) as [number[], number[], number[], number[], number[]]
  const pattern: CronPattern = {
    minutesOfDay: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)),
    daysOfMonth: new Set(daysOfMonth),
    months: new Set(months),
    weekdays: new Set(weekdays.map((day) => day % 7)),
    eitherDay: !parts[2]?.startsWith('*') && !parts[4]?.startsWith('*'),
  }
  if (!canFire(pattern)) {
    throw new ValueError('this schedule never fires: no month of it has such a day', {
      remedy: 'choose a day that exists in one of its months',
    })
  }
  return pattern
}

function wrongShape(text: string, parts: readonly string[]): ValueError {
  const macro = macros[text.toLowerCase()]
  if (macro) return new ValueError('short names are not understood', { remedy: `write "${macro}"` })
  if (/^(CRON_)?TZ=/.test(text)) {
    return new ValueError('a time zone does not belong into the expression', {
      remedy: 'write { cron: "15 3 * * *", timezone: Europe/Berlin }',
    })
  }
  if (parts.length === 6) {
    return new ValueError('six fields: seconds are not understood', {
      remedy: 'leave the first field out, or write { every: 30s }',
    })
  }
  return new ValueError('not a cron expression', { remedy: form })
}

function readField(text: string, field: Field): number[] {
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item)
    if (!match) throw fieldError(field, 'is not understood')
    const [, star, from, to, step] = match
    const low = star ? field.min : readNumber(from ?? '', field)
    const high = star ? field.max : readEnd({ from: low, to, hasStep: step !== undefined }, field)
    const stride = readStep(step, field)
    for (let value = low; value <= high; value += stride) values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}

function readEnd(
  item: { from: number; to: string | undefined; hasStep: boolean },
  field: Field,
): number {
  if (item.to === undefined) return item.hasStep ? field.max : item.from
  const end = readNumber(item.to, field)
  if (end === 0 && item.from > 0 && field.max === 7) return 7
  if (end < item.from) {
    throw fieldError(field, 'has a range that runs backwards', {
      remedy: `write two: ${item.from}-${field.max},${field.min}-${end}`,
    })
  }
  return end
}

function readNumber(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1
  const value = named >= 0 ? named + field.min : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (value >= field.min && value <= field.max) return value
  throw fieldError(field, Number.isNaN(value) ? 'is not understood' : `cannot be ${value}`)
}

function readStep(text: string | undefined, field: Field): number {
  if (text === undefined) return 1
  const step = Number(text)
  if (step >= 1 && step <= field.max - field.min) return step
  throw fieldError(field, `cannot go in steps of ${step}`, {
    remedy:
      field.max === 59 && step > 0
        ? `for an interval write { every: ${step}m }`
        : `steps of the ${field.name} lie between 1 and ${field.max - field.min}`,
  })
}

function fieldError(field: Field, what: string, options: { remedy?: string } = {}): ValueError {
  const names = field.names ? ` or ${field.names[0]}, ${field.names[1]} …` : ''
  const remedy =
    options.remedy ??
    `the ${field.name} is ${field.min} to ${field.max}${names}; *, lists (1,2), ranges (1-5) and steps (*/2) are understood`
  return new ValueError(`the ${field.name} ${what}`, { remedy })
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function canFire(pattern: CronPattern): boolean {
  if (pattern.eitherDay) return true
  return [...pattern.months].some((month) =>
    [...pattern.daysOfMonth].some((day) => day <= (longestMonths[month - 1] ?? 0)),
  )
}

/** `month` 1 to 12, `weekday` 0 (Sunday) to 6. */
export function dayMatches(
  pattern: CronPattern,
  date: { readonly month: number; readonly day: number; readonly weekday: number },
): boolean {
  if (!pattern.months.has(date.month)) return false
  const byMonth = pattern.daysOfMonth.has(date.day)
  const byWeek = pattern.weekdays.has(date.weekday)
  return pattern.eitherDay ? byMonth || byWeek : byMonth && byWeek
}
