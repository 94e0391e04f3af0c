import type * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { RetentionConfig } from '../model.ts'
import { keys } from './keys.ts'
import { zoneOf } from './schedule.ts'
import { refuse, retentionDuration, wholeNumber } from './value.ts'

const keep = (what: string) =>
  wholeNumber(`How many to keep: ${what}`, { min: 0, max: 100_000 }).optional()

/** `timezone` is missing when it was not said. */
export type RetentionKeys = Omit<RetentionConfig, 'timezone'> & { readonly timezone?: string }

export const retentionSchema: z.ZodType<RetentionKeys> = keys(
  {
    keepLast: keep('the newest'),
    keepHourly: keep('one for each hour'),
    keepDaily: keep('one for each day'),
    keepWeekly: keep('one for each week'),
    keepMonthly: keep('one for each month'),
    keepYearly: keep('one for each year'),
    keepWithin: retentionDuration('Everything younger than this: h d w mo y').optional(),
    grace: retentionDuration('How long a pruned backup can still be brought back; 24h').optional(),
    timezone: zoneOf(
      'Whose days and weeks are counted; that of the schedule when left out',
    ).optional(),
  },
  {
    daily: 'did you mean keepDaily?',
    weekly: 'did you mean keepWeekly?',
    monthly: 'did you mean keepMonthly?',
    yearly: 'did you mean keepYearly?',
    last: 'did you mean keepLast?',
    days: 'write keepDaily, or keepWithin: 7d',
  },
)
  .describe('Which backups are kept; left out, all of them')
  .transform((value, context) => {
    const { keepWithin, grace, timezone, ...counts } = value
    const said = Object.entries(counts).filter(([, count]) => count !== undefined)
    if (keepWithin === undefined && !said.some(([, count]) => Number(count) > 0)) {
      return refuse(context, {
        message: 'this keeps nothing',
        remedy: 'say what to keep, such as keepDaily: 7, or leave retention out to keep all',
      })
    }
    return {
      ...(Object.fromEntries(said) as Pick<RetentionConfig, 'keepLast'>),
      ...(keepWithin === undefined ? {} : { keepWithinMs: keepWithin }),
      graceMs: grace ?? defaults.retentionGraceMs,
      ...(timezone === undefined ? {} : { timezone }),
    }
  })
