import type { Clock } from '@backstream/kernel'
import type { BackupRequest, StoredArchive } from './backup-request.ts'
import { type Manifest, manifestFormat } from './manifest.ts'
import type { Predecessors } from './predecessors.ts'
import { suspicionsOf } from './suspicion.ts'

export interface ManifestParts extends StoredArchive {
  readonly deps: { readonly clock: Clock }
  readonly request: BackupRequest
  readonly backup: string
  readonly fence: number
  readonly startedAtMs: number
  readonly before: Predecessors
  /** Codes of warnings beside those of the sources. */
  readonly warnings: readonly string[]
}

/** Puts together what is known once everything but the manifest is stored. */
export function composeManifest(parts: ManifestParts): Manifest {
  const { request, packed, volumes, index } = parts
  const summary = packed.summary()
  const sources = sourcesOf(parts)
  const bytes = sources.reduce((total, source) => total + source.bytes, 0)
  const found = { bytes, entries: summary.content.entries }
  const suspect = suspicionsOf(found, request.plan, parts.before.lastGood)
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
    encryption: parts.encryption,
    // Size, CRC-32 and each frame's own checksum hold the plain bytes; a SHA-256 more costs 0.6 s a GB.
    content: { ...summary.content, sha256: null },
    index: {
      key: index.key,
      bytes: index.bytes,
      sha256: index.sha256,
      footer: summary.index.footer,
    },
    sources,
    status: suspect.length > 0 ? 'suspect' : 'good',
    suspect,
    warnings: warningsOf(parts),
    store: request.store,
    previous: parts.before.previous,
    tool: request.tool,
  }
}

function sourcesOf({ readings, packed, encryption }: ManifestParts): Manifest['sources'] {
  const partSummaries = packed.summary().parts
  return readings.map(({ source, reading }, at) => {
    const part = partSummaries[at]
    const { bytes, entries, consistency } = reading.summary()
    return {
      kind: source.kind,
      at: encryption ? numbered(source.at, at) : source.at,
      bytes,
      entries,
      firstFrame: part?.firstFrame ?? 0,
      lastFrame: part?.lastFrame ?? 0,
      consistency,
    }
  })
}

/** Where a source lies in the archive is the name of a file in it: an encrypted backup tells none. */
function numbered(at: string, number: number): string {
  return at === '' ? '' : `#${number + 1}`
}

function warningsOf({ readings, warnings: others }: ManifestParts): Manifest['warnings'] {
  const counts = new Map<string, number>()
  const add = (code: string, count: number) => counts.set(code, (counts.get(code) ?? 0) + count)
  for (const code of others) add(code, 1)
  for (const { reading } of readings) {
    const { warnings, warningCounts } = reading.summary()
    if (warningCounts) for (const [code, count] of Object.entries(warningCounts)) add(code, count)
    else for (const { code } of warnings) add(code, 1)
  }
  return [...counts].map(([code, count]) => ({ code, count }))
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
