import { type ObjectDigest, StorageError, type StoreCheck } from '@backstream/storage'
import type { HeadObject } from './describe-object.ts'

export interface ComparedObject {
  /** For the message. */
  readonly location: string
  readonly digest: ObjectDigest
  readonly md5Etags: boolean
}

/**
 * Compares what the store says of an object with what was sent: everything it says that can be
 * compared must agree, else `corrupt`. Returns the strongest of what agreed.
 */
export function compareStored(stored: HeadObject, sent: ComparedObject): StoreCheck {
  const { info, hasOpaqueEtag } = stored
  const { digest, location } = sent
  const sha256 = Buffer.from(digest.sha256, 'hex').toString('base64')
  const { crc32, sha256: storedSha256, composite } = info.checksums
  const isMd5 = sent.md5Etags && !hasOpaqueEtag && hasShapeOf(info.etag, digest.etag)
  const statements = [
    { check: 'crc32', said: composite ? undefined : crc32, ours: digest.crc32 },
    { check: 'sha256', said: composite ? undefined : storedSha256, ours: sha256 },
    { check: 'md5', said: isMd5 ? info.etag : undefined, ours: digest.etag },
    { check: 'size', said: String(info.bytes), ours: String(digest.bytes) },
  ] as const
  const comparable = statements.filter(({ said, ours }) => said !== undefined && ours !== undefined)
  for (const { check, said, ours } of comparable) {
    if (said === ours) continue
    throw new StorageError(
      'corrupt',
      `${location} is not what was sent: its ${check} is ${said}, not ${ours}`,
      { remedy: 'Do not use it. If this happens again, the store or the way to it is at fault.' },
    )
  }
  return comparable[0]?.check ?? 'size'
}

/** Stores that make ETags in other ways make them in other shapes. */
function hasShapeOf(said: string | undefined, md5: string | undefined): boolean {
  if (said === undefined || md5 === undefined) return false
  const count = md5.slice(32)
  return /^[0-9a-f]{32}$/.test(said.slice(0, 32)) && said.slice(32) === count
}
