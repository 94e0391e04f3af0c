/**
 * What retention removed stays on record: `_pruned/<plan>/<id>.json`, a few hundred bytes each, kept for
 * good. The sweep takes all that lay beside a pruned backup; without the record nobody could tell our own
 * pruning from a thief's, nor say how a plan was doing months ago. No plan has a name that begins so.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@backstream/kernel'
import { isStorageError, type Storage } from '@backstream/storage'
import * as z from 'zod'
import { type Manifest, manifestFormat } from './manifest.ts'
import { mapBatches } from './map-batches.ts'
import { readSmallObject } from './small-object.ts'

export interface PruneRecord {
  readonly plan: string
  readonly backup: string
  /** ISO 8601 UTC. */
  readonly at: string
  readonly by: string
  readonly reason: string
  readonly manifestSha256: string
  /** Of the backup as it was: what a report needs to tell of its day. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly status: Manifest['status']
  readonly previous: Manifest['previous']
}

const schema = z.looseObject({
  format: z.literal(manifestFormat),
  plan: z.string(),
  backup: z.string(),
  at: z.string(),
  by: z.string(),
  reason: z.string(),
  manifestSha256: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  status: z.enum(['good', 'suspect']),
  previous: z.looseObject({ backup: z.string(), sha256: z.string() }).nullable(),
})

/** Written before the manifest goes; one that is there already stays as it is. */
export async function recordPruning(
  storage: Storage,
  pruned: {
    readonly slot: { readonly manifest: Manifest; readonly bytes: Uint8Array }
    readonly by: string
    readonly reason: string
  },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const { manifest, bytes } = pruned.slot
  const { plan, backup, run, status, previous } = manifest
  const record = {
    format: manifestFormat,
    ...{ plan, backup },
    at: new Date(clock.now()).toISOString(),
    ...{ by: pruned.by, reason: pruned.reason },
    manifestSha256: createHash('sha256').update(bytes).digest('hex'),
    ...{ startedAt: run.startedAt, finishedAt: run.finishedAt, status, previous },
  }
  const text = new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`)
  const put = { ifAbsent: true, signal, contentType: 'application/json' }
  try {
    await storage.put(`${recordPrefix(plan)}${backup}.json`, text, put)
  } catch (error) {
    // Pruned before, and brought back since.
    if (!isStorageError(error, 'already-exists')) throw error
  }
}

/** By backup id; what is no record is passed over. */
export async function readPruneRecords(
  storage: Storage,
  plan: string,
  signal?: AbortSignal,
): Promise<Map<string, PruneRecord>> {
  const keys: string[] = []
  for await (const { key } of storage.list(recordPrefix(plan), { signal })) keys.push(key)
  const records = await mapBatches(keys, async (key) => {
    const record = parse(await readSmallObject(storage, key, signal))
    return record?.plan === plan ? record : undefined
  })
  return new Map(records.flatMap((record) => (record ? [[record.backup, record] as const] : [])))
}

function recordPrefix(plan: string): string {
  return `_pruned/${plan}/`
}

function parse(bytes: Uint8Array | undefined): PruneRecord | undefined {
  try {
    return schema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data
  } catch {
    // Not JSON: no record.
    return undefined
  }
}
