import type { StoredChecksum } from './checksums.ts'
import type { DataPiece } from './data-files.ts'

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE'

export interface Retention {
  readonly mode: RetentionMode
  readonly untilMs: number
}

/** What a client can say of an object when it creates it; kept by an upload until it completes. */
export interface ObjectDraft {
  readonly key: string
  /** Answered with the object as they came: Content-Type and its like, and `x-amz-meta-`. */
  readonly headers: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly retention?: Retention | undefined
  readonly legalHold: boolean
}

/** One version of an object, or a delete marker. Never changed, only replaced. */
export interface ObjectVersion extends ObjectDraft {
  /** Grows with every write in the bucket: the newest version of a key has the highest. */
  readonly sequence: number
  /** Name of its sidecar file. */
  readonly id: string
  /** `null`, as text, for one written while versioning was not enabled. */
  readonly versionId: string
  readonly isDeleteMarker: boolean
  readonly bytes: number
  /** Without quotes; empty for a delete marker. */
  readonly etag: string
  readonly lastModifiedMs: number
  /** A multipart object has one for each part. */
  readonly pieces: readonly DataPiece[]
  readonly uploadId?: string | undefined
  readonly checksum?: StoredChecksum | undefined
}

export function isLocked(
  version: ObjectVersion,
  lock: { nowMs: number; bypass: boolean },
): boolean {
  if (version.legalHold) return true
  const { retention } = version
  if (!retention || retention.untilMs <= lock.nowMs) return false
  return retention.mode === 'COMPLIANCE' || !lock.bypass
}
