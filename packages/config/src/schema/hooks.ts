import * as z from 'zod'
import type { HookConfig, HooksConfig } from '../model.ts'
import { keys } from './keys.ts'
import { duration, filledList, secret } from './value.ts'
import { via } from './via.ts'

const defaultTimeoutMs = 10 * 60_000

function hook(when: string): z.ZodOptional<z.ZodType<HookConfig>> {
  return keys({
    argv: filledList(
      z.string().describe('The program, then its arguments'),
      'The program and its arguments; no shell',
    ),
    env: z
      .record(z.string(), secret('Value, by reference'))
      .describe('Environment of the command, beside PATH and HOME')
      .optional(),
    via: via.optional(),
    timeout: duration('How long it may take; 10m when left out').optional(),
  })
    .describe(when)
    .transform(
      ({ argv, env = {}, via: way = null, timeout = defaultTimeoutMs }): HookConfig => ({
        argv,
        env,
        via: way,
        timeoutMs: timeout,
      }),
    )
    .optional() as z.ZodOptional<z.ZodType<HookConfig>>
}

/** Commands that quieten an application while it is read. */
export const hooksSchema: z.ZodType<HooksConfig> = keys({
  before: hook('Before the sources are read; where it fails, the run fails'),
  after: hook('When the sources have been read, or could not be; always'),
})
  .describe('Commands around the reading of the sources')
  .transform(({ before = null, after = null }): HooksConfig => ({ before, after }))
