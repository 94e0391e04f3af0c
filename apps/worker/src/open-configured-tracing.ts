import { hostname } from 'node:os'
import { resolveSecret } from '@backstream/config'
import type { Tracing } from '@backstream/runtime/tracing'
import metadata from '../package.json' with { type: 'json' }
import type { StartWorkerOptions } from './start-worker.ts'

/** Null without `telemetry` in the configuration: then nothing of the library is loaded either. */
export async function openConfiguredTracing({
  config,
  env,
  logger,
  name,
}: StartWorkerOptions): Promise<Tracing | null> {
  const { telemetry } = config
  if (telemetry === null) return null
  const headers = await Promise.all(
    Object.entries(telemetry.headers).map(
      async ([header, ref]) => [header, await resolveSecret(ref, env)] as const,
    ),
  )
  const host = hostname()
  const { openTracing } = await import('@backstream/runtime/tracing')
  return openTracing({
    ...{ url: telemetry.url, headers: Object.fromEntries(headers) },
    ...{ installation: config.name, worker: name ?? host, host },
    ...{ version: metadata.version, logger },
  })
}
