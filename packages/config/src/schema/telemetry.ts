import * as z from 'zod'
import type { TelemetryConfig } from '../model.ts'
import { keys } from './keys.ts'
import { secret, webUrl } from './value.ts'

export const telemetrySchema: z.ZodType<TelemetryConfig> = keys({
  url: webUrl('Address of an OTLP/HTTP collector; /v1/traces is added'),
  headers: z.record(z.string().min(1), secret('Value')).describe('More headers').optional(),
})
  .describe('Where workers send a trace of each run: schedule, run, stages, parts')
  .transform(({ url, headers = {} }) => ({ url, headers }))
