import type { Manifest } from '@backstream/backup'
import { formatBackupId } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'

export interface HistoryOptions {
  readonly plan: string
  /** When each backup was begun. */
  readonly at: readonly number[]
  readonly bytes?: (index: number) => number
  readonly durationMs?: (index: number) => number
  readonly isSuspect?: (index: number) => boolean
}

const hash = 'a'.repeat(64)

/** Manifests as earlier runs would have left them; nothing lies behind them. */
export async function writeHistory(storage: Storage, options: HistoryOptions): Promise<string[]> {
  const ids: string[] = []
  for (const [index, atMs] of options.at.entries()) {
    const backup = formatBackupId({ startedAtMs: atMs, fence: index + 1 })
    const manifest = manifestOf(options, { index, atMs, backup })
    await storage.put(`${options.plan}/${backup}.json`, Buffer.from(JSON.stringify(manifest)))
    ids.push(backup)
  }
  return ids
}

export function manifestOf(
  { plan, bytes = () => 3e9, durationMs = () => 240_000, isSuspect = () => false }: HistoryOptions,
  at: { readonly index: number; readonly atMs: number; readonly backup: string },
): Manifest {
  const { index, atMs, backup } = at
  const size = Math.round(bytes(index))
  const iso = (ms: number) => new Date(ms).toISOString()
  const suspect = isSuspect(index)
    ? [{ rule: 'shrink', expected: 'at least 1.4 GiB', found: '212 MiB' }]
    : []
  return {
    ...{ format: 'backstream/1', minReader: 1, plan, backup, kind: 'full', parent: null },
    trigger: 'schedule',
    run: {
      ...{ id: `repeat:${plan}:${atMs}`, attempt: 1, fence: index + 1, worker: 'nas' },
      ...{ host: 'nas.local', scheduledFor: iso(atMs), startedAt: iso(atMs) },
      finishedAt: iso(atMs + durationMs(index)),
    },
    archives: [
      {
        ...{ key: `${plan}/${backup}/archive.tar.zst`, bytes: Math.round(size * 0.38) },
        ...{ sha256: hash, etag: null, versionId: null, check: 'crc64nvme' },
      },
    ],
    compression: { algorithm: 'zstd', level: 3, frames: 1, frameBytes: 4_194_304 },
    encryption: null,
    content: { entries: 41_200, files: 39_000, bytes: size, crc32: '00000000', sha256: null },
    index: {
      ...{ key: `${plan}/${backup}/index.zst`, bytes: 90_000, sha256: hash },
      footer: { offset: 0, bytes: 1 },
    },
    sources: [
      {
        ...{ kind: 'directory', at: '', bytes: size, entries: 41_200 },
        ...{ firstFrame: 0, lastFrame: 0, consistency: 'as read' },
      },
    ],
    status: suspect.length > 0 ? 'suspect' : 'good',
    suspect,
    warnings: [],
    store: { storageClass: null, sse: null },
    previous: null,
    tool: { name: 'backstream', version: '0.1.0' },
  }
}
