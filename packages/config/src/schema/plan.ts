import * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { Plan, Schedule, SourceConfig } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { drillSchema } from './drill.ts'
import { hooksSchema } from './hooks.ts'
import { type Hints, keys } from './keys.ts'
import { checkRecipient } from './recipient.ts'
import { type RetentionKeys, retentionSchema } from './retention.ts'
import { scheduleSchema } from './schedule.ts'
import { sourceSchema } from './source.ts'
import {
  choice,
  duration,
  filledList,
  flag,
  list,
  name,
  namePattern,
  read,
  refuse,
  size,
  text,
  wholeNumber,
} from './value.ts'
import { verifySchema } from './verify.ts'

/** What a plan, or `defaults`, says. Undefined: not said. Null: said to be none. */
export interface PlanKeys {
  readonly source?: SourceConfig | undefined
  readonly sources?: readonly SourceConfig[] | undefined
  readonly each?: readonly string[] | undefined
  readonly storage?: string | undefined
  readonly schedule?: Schedule | null | undefined
  readonly runsOn?: string | null | undefined
  readonly overdueAfter?: number | null | undefined
  readonly overlap?: Plan['overlap'] | undefined
  readonly catchUp?: number | null | undefined
  readonly attempts?: number | undefined
  readonly backoff?: Partial<Plan['backoff']> | undefined
  readonly timeout?: number | null | undefined
  readonly idleTimeout?: Partial<Plan['idleTimeout']> | undefined
  readonly compression?: Plan['compression'] | undefined
  readonly cpus?: number | null | undefined
  readonly encryption?: Plan['encryption'] | undefined
  readonly retention?: RetentionKeys | null | undefined
  readonly minSize?: number | null | undefined
  readonly shrink?: number | null | undefined
  readonly verify?: Plan['verify'] | undefined
  readonly drill?: Plan['drill'] | undefined
  readonly hooks?: Plan['hooks'] | undefined
  readonly limits?: readonly string[] | undefined
  readonly notify?: readonly string[] | undefined
  readonly enabled?: boolean | undefined
}

const storage = z
  .union([
    name('Name of a storage'),
    z.array(z.unknown()).transform((_, context): string =>
      refuse(context, {
        message: 'several storages for one plan: not yet in this version',
        remedy: 'name one storage, and write a second plan for the other',
      }),
    ),
  ])
  .describe('Name of the storage the backups go to')

const backoff = keys({
  delay: duration('Before the second attempt').optional(),
  factor: wholeNumber('By how much each wait is longer than the last', {
    min: 1,
    max: 100,
  }).optional(),
  max: duration('The longest wait').optional(),
})
  .describe('Waits between attempts: 10s, three times as long each time, up to 30m by default')
  .transform((value) => ({
    ...(value.delay === undefined ? {} : { delayMs: value.delay }),
    ...(value.factor === undefined ? {} : { factor: value.factor }),
    ...(value.max === undefined ? {} : { maxMs: value.max }),
  }))

const idleTimeout = z
  .union([
    keys({
      source: duration('Without a byte from the source; 30m by default').optional(),
      store: duration('Without a byte to the store; 5m by default').optional(),
    }).transform((value) => ({
      ...(value.source === undefined ? {} : { sourceMs: value.source }),
      ...(value.store === undefined ? {} : { storeMs: value.store }),
    })),
    duration('For both').transform((ms) => ({ sourceMs: ms, storeMs: ms })),
  ])
  .describe('A run in which nothing moves for this long is ended')

const highestLevel = { zstd: 19, gzip: 9, none: 0 } as const

const compression = keys({
  algorithm: choice(['zstd', 'gzip', 'none'], 'zstd (default), gzip or none').optional(),
  level: wholeNumber('zstd 1 to 19 (default 3), gzip 1 to 9 (default 6)', {
    min: 0,
    max: 19,
  }).optional(),
})
  .describe('How the archive is compressed')
  .transform((value, context) => {
    const algorithm = value.algorithm ?? defaults.algorithm
    const level = value.level ?? defaults.levels[algorithm]
    const lowest = algorithm === 'none' ? 0 : 1
    if (level >= lowest && level <= highestLevel[algorithm]) return { algorithm, level }
    return refuse(context, {
      path: ['level'],
      message: `${algorithm} has no such level`,
      remedy:
        algorithm === 'none' ? 'remove level' : `write ${lowest} to ${highestLevel[algorithm]}`,
    })
  })

const shrink = z
  .unknown()
  .transform((value, context): number => {
    const percent = typeof value === 'string' ? /^(\d{1,3})%?$/.exec(value)?.[1] : value
    const number = percent === undefined ? Number.NaN : Number(percent)
    if (Number.isInteger(number) && number >= 1 && number <= 100) return number
    return refuse(context, { message: 'not a percentage', remedy: 'write 1 to 100: 50 or 50%' })
  })
  .meta({
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 100 },
      { type: 'string', pattern: '^\\d{1,3}%?$|\\$\\{' },
    ],
    description:
      'A backup smaller than the last good one by more than this percentage is suspect; 50',
  })

const catchUp = z
  .union([
    duration('A missed run not older than this is made up for').transform(
      (ms): number | null => ms,
    ),
    flag('Whether a missed run is made up for').transform((on) => (on ? defaults.catchUpMs : null)),
  ])
  .describe(
    'A run missed while all was down happens once on return: true (default), false, or up to an age',
  )

type Shape<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> }

/** One schema for each key, so that a problem in one hides none in another. */
export const planShape: Shape<PlanKeys> = {
  source: sourceSchema.optional(),
  sources: filledList(sourceSchema, 'Several sources in one archive, each below its at').optional(),
  each: filledList(
    read(checkItem, { description: `What follows the name of the plan, and \${each} stands for` }),
    'One plan for each of these: NAME-ITEM',
  ).optional(),
  storage: storage.optional(),
  schedule: scheduleSchema.nullish(),
  runsOn: read(checkWorker, {
    description: 'Name of the worker that can read it, or any when all see the same files',
  }).nullish(),
  overdueAfter: duration(
    'The age at which the newest backup is overdue; the longest gap of the schedule and max(1h, 25 %) when left out',
  ).nullish(),
  overlap: choice(
    ['skip', 'wait'],
    'When the run before is still going: skip (default) or wait',
  ).optional(),
  catchUp: catchUp.optional(),
  attempts: wholeNumber('How often a run is tried; 3', { min: 1, max: 100 }).optional(),
  backoff: backoff.optional(),
  timeout: duration('How long a run may take; no limit when left out').nullish(),
  idleTimeout: idleTimeout.optional(),
  compression: compression.optional(),
  cpus: wholeNumber('Cores a run may keep busy', { min: 1, max: 1_024 }).nullish(),
  encryption: keys({
    recipients: filledList(
      read(checkRecipient, { description: 'A recipient, age1…' }),
      'Who can decrypt',
    ),
  })
    .describe('Encryption with age; none when left out')
    .nullish(),
  retention: retentionSchema.nullish(),
  minSize: size('A smaller backup is suspect').nullish(),
  shrink: shrink.nullish(),
  verify: verifySchema.nullish(),
  drill: drillSchema.nullish(),
  hooks: hooksSchema.nullish(),
  limits: list(name('Name of a limit'), 'Limits the run counts against').optional(),
  notify: list(
    text('Name of a notifier'),
    'Who is told; everybody but pings when not said',
  ).optional(),
  enabled: flag('false: not scheduled').optional(),
}

export const planHints: Hints = {
  cron: 'it belongs below schedule: { cron: "15 3 * * *" }',
  every: 'it belongs below schedule: { every: 6h }',
  timezone: 'it belongs below schedule',
  path: 'it belongs below source: { kind: directory, path: … }',
  paths: 'write source: { kind: directory, path: … }',
  exclude: 'it belongs below source',
  kind: 'it belongs below source',
  keep: 'did you mean retention?',
  keepDaily: 'it belongs below retention',
  recipients: 'it belongs below encryption',
  retries: 'did you mean attempts?',
  worker: 'did you mean runsOn?',
  repository: 'did you mean storage?',
  disabled: 'write enabled: false',
}

/** Text, with `any` as every plan's worker. */
function checkWorker(value: string): string {
  if (namePattern.test(value)) return value
  throw new ValueError('not the name of a worker', {
    remedy: 'use small letters, digits and dashes, as in worker --name',
  })
}

function checkItem(value: string): string {
  if (/^[a-z0-9][a-z0-9-]*$/.test(value)) return value
  throw new ValueError('not usable in the name of a plan', {
    remedy: 'use small letters, digits and dashes, and quote numbers',
  })
}
