import { payloadSchemas } from '@backstream/jobs'
import * as z from 'zod'

/** The JSON Schema behind the add-job form of a queue: a run of one of `plans`, ready to send. */
export function runFormSchema(plans: readonly string[]): Record<string, unknown> {
  const schema = z.toJSONSchema(payloadSchemas['backup.run'], { target: 'draft-7' })
  const properties = { ...schema.properties }
  return {
    ...schema,
    title: 'A run, by hand',
    properties: {
      ...properties,
      v: { const: 1, default: 1, description: 'Version of this form' },
      plan: {
        type: 'string',
        enum: plans,
        default: plans[0],
        description: 'The plan to make a backup of',
      },
      trigger: { const: 'manual', default: 'manual', description: 'Always manual from here' },
      pin: { type: 'boolean', default: false, description: 'Keep this backup for ever' },
    },
  }
}
