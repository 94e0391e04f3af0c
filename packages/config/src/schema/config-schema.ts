import * as z from 'zod'
import { boardSchema, redisSchema, topHints } from './installation.ts'
import { isKeyed, keys } from './keys.ts'
import { heartbeatSchema, notifySchema } from './notify.ts'
import { planHints, planShape } from './plan.ts'
import { storageSchema } from './storage.ts'
import { telemetrySchema } from './telemetry.ts'
import { list, name, nameKey, wholeNumber } from './value.ts'

export const limitSchema: z.ZodType<number> = wholeNumber(
  'How many runs that name this limit may go at once, on all machines together',
  { min: 1, max: 10_000 },
)
export const retiredSchema: z.ZodType<string[]> = list(
  name('Name of a plan'),
  'Plans that are gone on purpose; their backups are kept and not reported as unknown',
)
export const installationName: z.ZodType<string> = name(
  'Name of this installation: prefix of every Redis key, owner mark in the bucket, metric label',
)

const plan = keys(planShape, planHints).meta({
  id: 'Plan',
  description:
    'What is backed up, where to, when. In `defaults`: for every plan; a plan’s own key replaces the whole of it',
})

/** The whole file, for editors. Loading goes through the same parts one by one. */
const file = keys(
  {
    version: z.literal(1).describe('Version of this format: 1'),
    name: installationName.optional(),
    redis: redisSchema.optional(),
    board: boardSchema.optional(),
    notify: z.record(nameKey, notifySchema).describe('Whom to tell, by name').optional(),
    heartbeat: heartbeatSchema.optional(),
    telemetry: telemetrySchema.optional(),
    limits: z.record(nameKey, limitSchema).describe('Shared limits, by name').optional(),
    storages: z.record(nameKey, storageSchema).describe('Where backups go, by name'),
    defaults: plan.optional(),
    plans: z.record(nameKey, plan).describe('What is backed up, by name'),
    retired: retiredSchema.optional(),
  },
  topHints,
)

export const topKeys: readonly string[] = Object.keys(file.shape)

/** The file `backstream.schema.json`: JSON Schema draft 7, which editors understand. */
export function buildJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(file, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isKeyed(zodSchema)) {
        jsonSchema.additionalProperties = false
        jsonSchema.patternProperties = { '^x-': {} }
      }
      if (zodSchema._zod.def.type === 'nullable') {
        // Editors show the description of the key, not that of its alternatives.
        const described = jsonSchema.anyOf?.find((one) => one.description)
        if (described?.description) jsonSchema.description = described.description
      }
    },
  })
  return { ...schema, title: 'Backstream configuration' }
}
