import { posix } from 'node:path'
import * as z from 'zod'
import { defaults } from '../defaults.ts'
import type { DrillChecks, DrillConfig, DrillServer } from '../model.ts'
import { ValueError } from '../value-error.ts'
import { keys } from './keys.ts'
import { toSchedule, whenShape } from './schedule.ts'
import {
  absolutePath,
  duration,
  filledList,
  list,
  read,
  refuse,
  secret,
  wholeNumber,
} from './value.ts'
import { keyHolderShape, keyWithoutHolder } from './verify.ts'

/** Of a drill that says nothing of its checks. */
export const defaultDrillChecks: DrillChecks = {
  present: [],
  minFiles: null,
  sampleFiles: defaults.drillSampleFiles,
  command: null,
}

const checks = keys({
  present: list(
    read(checkPath, { description: 'A path as it stands in the archive' }),
    'What must be there afterwards',
  ).optional(),
  minFiles: wholeNumber('How many files there must be at least', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }).optional(),
  sample: wholeNumber('How many files are hashed and compared with the archive; 20', {
    min: 0,
    max: 1_000_000,
  }).optional(),
  command: keys({
    argv: filledList(
      read((text) => text, { description: 'The program, then its arguments' }),
      'The program and its arguments; no shell. It is run in the restored directory',
    ),
    timeout: duration('How long it may take; 10m').optional(),
  })
    .describe('A command that must exit 0')
    .optional(),
})
  .describe('What must hold of what was restored')
  .transform(
    ({ present, minFiles, sample, command }): DrillChecks => ({
      present: present ?? [],
      minFiles: minFiles ?? null,
      sampleFiles: sample ?? defaults.drillSampleFiles,
      command: command
        ? { argv: command.argv, timeoutMs: command.timeout ?? defaults.drillCommandMs }
        : null,
    }),
  )

const into = z
  .union([
    z.literal('throwaway').describe('A server that is started for it and ended again'),
    keys({
      uri: secret(
        'A server for drills: databases are made and dropped there, under their own names',
      ),
      password: secret('Password').optional(),
    }).transform(({ uri, password }): DrillServer => ({ uri, password: password ?? null })),
  ])
  .describe(
    'Where dumps of PostgreSQL, MySQL and MariaDB are restored into, and their rows counted',
  )

export const drillSchema: z.ZodType<DrillConfig> = keys({
  ...whenShape,
  ...keyHolderShape,
  to: absolutePath(
    'Where scratch places are made and removed again; the temporary directory of the machine when left out',
  ).optional(),
  into: into.optional(),
  checks: checks.optional(),
})
  .describe('Regular rehearsal of a restore, into a scratch place')
  .transform((value, context): DrillConfig => {
    const { cron, every, timezone, jitter, runsOn, identity } = value
    if (identity !== undefined && runsOn === undefined) return refuse(context, keyWithoutHolder)
    const schedule = toSchedule({ cron, every, timezone, jitter }, context)
    return {
      schedule,
      runsOn: runsOn ?? null,
      identity: identity ?? null,
      to: value.to ?? null,
      into: value.into ?? null,
      checks: value.checks ?? defaultDrillChecks,
    }
  })

function checkPath(text: string): string {
  const path = posix.normalize(text).replace(/^\/+|\/+$/g, '')
  if (path !== '' && path !== '.' && !path.split('/').includes('..')) return path
  throw new ValueError('not a path below what is restored', {
    remedy: 'write it as `backstream ls PLAN` shows it',
  })
}
