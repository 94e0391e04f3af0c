import { StorageError } from './errors.ts'
import { compareKeys } from './object-key.ts'
import type { ListedPart } from './storage.ts'

export interface MemoryVersion {
  readonly key: string
  readonly versionId: string
  readonly isDeleteMarker: boolean
  readonly bytes: Uint8Array
  readonly etag: string
  readonly lastModifiedMs: number
}

export interface MemoryUpload {
  readonly key: string
  readonly uploadId: string
  readonly initiatedAtMs: number
  readonly parts: ListedPart[]
}

/** The state of one bucket: versions by key, newest first, and uploads in progress. */
export interface MemoryBucket {
  /** Rejects with `not-found`; a delete marker counts as nothing there. */
  find(key: string, versionId?: string): MemoryVersion
  has(key: string): boolean
  add(version: Omit<MemoryVersion, 'versionId'>): MemoryVersion
  remove(key: string, versionId: string | undefined, nowMs: number): void
  /** In byte order of keys, newest version first. */
  versions(prefix: string): MemoryVersion[]
  readonly uploads: Map<string, MemoryUpload>
}

export function createMemoryBucket(versioned: boolean): MemoryBucket {
  const versionsByKey = new Map<string, MemoryVersion[]>()
  let lastVersion = 0

  const latest = (key: string) => versionsByKey.get(key)?.[0]
  const add: MemoryBucket['add'] = (content) => {
    lastVersion += 1
    const version = { ...content, versionId: `v${String(lastVersion).padStart(8, '0')}` }
    const older = versioned ? (versionsByKey.get(content.key) ?? []) : []
    versionsByKey.set(content.key, [version, ...older])
    return version
  }

  return {
    uploads: new Map(),
    add,
    find(key, versionId) {
      const found = versionId
        ? versionsByKey.get(key)?.find((version) => version.versionId === versionId)
        : latest(key)
      if (!found || found.isDeleteMarker) throw notFound(key)
      return found
    },
    has(key) {
      return latest(key)?.isDeleteMarker === false
    },
    remove(key, versionId, nowMs) {
      const known = versionsByKey.get(key)
      if (!versioned) {
        versionsByKey.delete(key)
      } else if (versionId === undefined) {
        add({ key, isDeleteMarker: true, bytes: new Uint8Array(), etag: '', lastModifiedMs: nowMs })
      } else if (known) {
        const left = known.filter((version) => version.versionId !== versionId)
        if (left.length > 0) versionsByKey.set(key, left)
        else versionsByKey.delete(key)
      }
    },
    versions(prefix) {
      const keys = [...versionsByKey.keys()].filter((key) => key.startsWith(prefix))
      return keys.sort(compareKeys).flatMap((key) => versionsByKey.get(key) ?? [])
    },
  }
}

function notFound(key: string): StorageError {
  return new StorageError('not-found', `there is no object ${key}`)
}
