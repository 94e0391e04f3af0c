import { createHash } from 'node:crypto'
import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import type { BackupRequest, StoredArchive } from './backup-request.ts'
import { slotKey } from './layout.ts'
import { type Manifest, manifestFormat } from './manifest.ts'
import type { PlanHistory } from './plan-history.ts'
import { readSlot } from './slot.ts'

export interface ManifestParts extends StoredArchive {
  readonly storage: Storage
  readonly deps: { readonly clock: Clock }
  readonly request: BackupRequest
  readonly backup: string
  readonly fence: number
  readonly startedAtMs: number
  readonly history: PlanHistory
  readonly signal: AbortSignal
}

/** Puts together what is known once everything but the manifest is stored. */
export async function composeManifest(parts: ManifestParts): Promise<Manifest> {
  const { request, packed, volumes, index } = parts
  const summary = packed.summary()
  return {
    format: manifestFormat,
    minReader: 1,
    plan: request.plan.name,
    backup: parts.backup,
    kind: 'full',
    parent: null,
    trigger: request.trigger,
    run: {
      id: request.run.id,
      attempt: request.run.attempt,
      fence: parts.fence,
      worker: request.run.worker,
      host: request.run.host,
      scheduledFor: isoOrNull(request.run.scheduledForMs),
      startedAt: new Date(parts.startedAtMs).toISOString(),
      finishedAt: new Date(parts.deps.clock.now()).toISOString(),
    },
    archives: volumes.map(({ key, bytes, sha256, etag, versionId, check }) => ({
      key,
      bytes,
      sha256,
      etag: etag ?? null,
      versionId: versionId ?? null,
      check,
    })),
    compression: {
      ...request.plan.compression,
      frames: summary.frames,
      frameBytes: summary.frameBytes,
    },
    encryption: null,
    content: summary.content,
    index: {
      key: index.key,
      bytes: index.bytes,
      sha256: index.sha256,
      footer: summary.index.footer,
    },
    sources: sourcesOf(parts),
    status: 'good',
    suspect: [],
    warnings: warningsOf(parts),
    store: request.store,
    previous: await previousOf(parts),
    tool: request.tool,
  }
}

function sourcesOf({ readings, packed }: ManifestParts): Manifest['sources'] {
  const partSummaries = packed.summary().parts
  return readings.map(({ source, reading }, at) => {
    const part = partSummaries[at]
    const { bytes, entries, consistency } = reading.summary()
    return {
      kind: source.kind,
      at: source.at,
      bytes,
      entries,
      firstFrame: part?.firstFrame ?? 0,
      lastFrame: part?.lastFrame ?? 0,
      consistency,
    }
  })
}

function warningsOf({ readings }: ManifestParts): Manifest['warnings'] {
  const counts = new Map<string, number>()
  for (const { reading } of readings) {
    for (const { code } of reading.summary().warnings) counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return [...counts].map(([code, count]) => ({ code, count }))
}

/** The newest manifest before this one, by its hash: a chain in which a removed backup shows. */
async function previousOf(parts: ManifestParts): Promise<Manifest['previous']> {
  for (const backup of parts.history.slots) {
    const slot = await readSlot(
      parts.storage,
      slotKey(parts.request.plan.name, backup),
      parts.signal,
    )
    if (slot?.kind !== 'manifest') continue
    return { backup, sha256: createHash('sha256').update(slot.bytes).digest('hex') }
  }
  return null
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
