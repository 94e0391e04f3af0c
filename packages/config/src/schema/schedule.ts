import * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { Schedule } from '../model.ts'
import { parseCron } from '../schedule/cron-pattern.ts'
import { checkTimeZone } from '../schedule/time-zone.ts'
import { ValueError } from '../value-error.ts'
import { keys } from './keys.ts'
import { duration, exactlyOne, read, refuse, timezone } from './value.ts'

const cron = read(normalizeCron, {
  description: 'Five fields, minute hour day month weekday: "15 3 * * *" is daily at 03:15',
})

/** The keys that say when: of a plan's schedule, and of its drill. */
export const whenShape: { readonly [K in keyof When]-?: z.ZodType<When[K]> } = {
  cron: cron.optional(),
  every: duration('An interval, counted from 00:00 UTC plus a stable offset: 6h').optional(),
  timezone: zoneOf('Time zone of the cron expression; UTC when left out').optional(),
  jitter: duration('Spreads plans: each is moved by its own fixed part of this').optional(),
}

/** What `whenShape` reads. */
export interface When {
  readonly cron?: string | undefined
  readonly every?: number | undefined
  readonly timezone?: string | undefined
  readonly jitter?: number | undefined
}

export const scheduleSchema: z.ZodType<Schedule> = z
  .union([
    keys(whenShape, { interval: 'write every', tz: 'did you mean timezone?' }).transform(
      toSchedule,
    ),
    cron.transform((pattern): Schedule => cronSchedule(pattern, {})),
  ])
  .describe('When it runs; left out, it runs by hand only') as z.ZodType<Schedule>

export function toSchedule(when: When, context: z.RefinementCtx): Schedule {
  const jitterMs = when.jitter ?? 0
  if (exactlyOne(when, ['cron', 'every']) === undefined) {
    return refuse(context, {
      message: 'a schedule has either cron or every',
      remedy: 'write { cron: "15 3 * * *" } or { every: 6h }',
    })
  }
  if (when.every === undefined) return cronSchedule(when.cron ?? '', when)
  if (when.timezone !== undefined) {
    return refuse(context, {
      path: ['timezone'],
      message: 'an interval has no time zone: it counts from 00:00 UTC',
      remedy: 'remove timezone, or use cron',
    })
  }
  return { kind: 'every', everyMs: when.every, jitterMs }
}

function cronSchedule(pattern: string, when: When): Schedule {
  const zone = when.timezone ?? defaults.timezone
  return { kind: 'cron', pattern, timezone: zone, jitterMs: when.jitter ?? 0 }
}

function normalizeCron(text: string): string {
  const interval = /^(?:every )?(\d+[smhdw])$/.exec(text.trim())?.[1]
  if (interval) {
    throw new ValueError('not a cron expression', { remedy: `write { every: ${interval} }` })
  }
  parseCron(text)
  return text.trim().split(/\s+/).join(' ')
}

export function zoneOf(description: string): z.ZodType<string> {
  return timezone(description, checkTimeZone)
}
