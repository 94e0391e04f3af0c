import type { Clock } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { backupPrefix } from './layout.ts'
import { type VoidRequest, voidSlot } from './slot.ts'

export interface CleanUpReport {
  /** `committed`: a manifest stands, so nothing was touched. */
  readonly outcome: 'cleaned' | 'committed'
  readonly abortedUploads: number
  readonly deletedObjects: number
}

/**
 * Removes what one attempt left: voids its slot, aborts its uploads, deletes its objects.
 *
 * Touches only keys below the attempt's own prefix. Idempotent. Rejects when anything is left; then
 * it must be called again. On a versioned bucket every version goes, so that no bytes stay behind.
 */
export async function cleanUpAttempt(
  storage: Storage,
  attempt: VoidRequest,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<CleanUpReport> {
  const slot = await voidSlot(storage, attempt, options)
  if (slot === 'committed') return { outcome: 'committed', abortedUploads: 0, deletedObjects: 0 }
  const { signal } = options
  const prefix = backupPrefix(attempt.plan, attempt.backup)
  const failures: unknown[] = []
  let abortedUploads = 0
  for await (const upload of storage.listUploads(prefix, { signal })) {
    await storage.abortUpload(upload.key, upload.uploadId, { signal }).then(
      () => abortedUploads++,
      (error: unknown) => failures.push(error),
    )
  }
  // After the uploads: one that was being completed while we aborted it is an object by now.
  let deletedObjects = 0
  for await (const version of storage.listVersions(prefix, { signal })) {
    await storage.delete(version.key, { versionId: version.versionId, signal }).then(
      () => deletedObjects++,
      (error: unknown) => failures.push(error),
    )
  }
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      `${failures.length} of the objects and uploads below ${storage.location}/${prefix} could not be removed`,
    )
  }
  return { outcome: 'cleaned', abortedUploads, deletedObjects }
}
