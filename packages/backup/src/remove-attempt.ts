import { isStorageError, type Storage } from '@backstream/storage'
import { attemptOfKey, backupPrefix } from './layout.ts'

export interface Removal {
  readonly abortedUploads: number
  readonly deletedObjects: number
  /** Of objects and of parts. */
  readonly bytes: number
  /** What is left, and why; every other thing was tried nevertheless. */
  readonly failures: readonly { readonly key: string; readonly error: unknown }[]
}

interface AttemptAt {
  readonly plan: string
  readonly backup: string
}

/** An upload that began while we looked is found by looking again; more often than that is a live writer. */
const maxRounds = 3

/**
 * Aborts the uploads and deletes all versions of the objects of one attempt, looking again until there
 * is nothing. Its slot must be void. Rejects only when `signal` is aborted.
 */
export async function removeAttempt(
  storage: Storage,
  attempt: AttemptAt,
  signal: AbortSignal,
): Promise<Removal> {
  const total = { abortedUploads: 0, deletedObjects: 0, bytes: 0 }
  for (let round = 1; round <= maxRounds; round++) {
    const uploads = await abortUploads(storage, attempt, signal)
    // After the uploads: one that was being completed while we aborted it is an object by now.
    const objects = await deleteObjects(storage, attempt, signal)
    total.abortedUploads += uploads.count
    total.deletedObjects += objects.count
    total.bytes += uploads.bytes + objects.bytes
    const failures = [...uploads.failures, ...objects.failures]
    if (failures.length > 0) return { ...total, failures }
    if (uploads.count + objects.count === 0) return { ...total, failures }
  }
  const key = backupPrefix(attempt.plan, attempt.backup)
  return { ...total, failures: [{ key, error: new Error('somebody is still writing there') }] }
}

interface Pass {
  count: number
  bytes: number
  failures: { key: string; error: unknown }[]
}

/** Aborts what is in progress on the keys of this attempt; parts are counted before they go. */
export async function abortUploads(
  storage: Storage,
  attempt: AttemptAt,
  signal: AbortSignal,
): Promise<Pass> {
  const prefix = backupPrefix(attempt.plan, attempt.backup)
  return await pass(prefix, signal, async (attempted) => {
    for await (const { key, uploadId } of storage.listUploads(prefix, { signal })) {
      if (!isOf(attempt, key)) continue
      await attempted(key, async () => {
        const bytes = await partBytes(storage, { key, uploadId }, signal)
        await storage.abortUpload(key, uploadId, { signal })
        return bytes
      })
    }
  })
}

async function deleteObjects(
  storage: Storage,
  attempt: AttemptAt,
  signal: AbortSignal,
): Promise<Pass> {
  const prefix = backupPrefix(attempt.plan, attempt.backup)
  return await pass(prefix, signal, async (attempted) => {
    for await (const { key, versionId, bytes } of storage.listVersions(prefix, { signal })) {
      if (!isOf(attempt, key)) continue
      await attempted(key, async () => {
        await storage.delete(key, { versionId, signal })
        return bytes
      })
    }
  })
}

/** Goes on past what cannot be removed, and past a listing that breaks off. */
async function pass(
  prefix: string,
  signal: AbortSignal,
  walk: (attempted: (key: string, remove: () => Promise<number>) => Promise<void>) => Promise<void>,
): Promise<Pass> {
  const result: Pass = { count: 0, bytes: 0, failures: [] }
  const note = (key: string, error: unknown) => {
    signal.throwIfAborted()
    result.failures.push({ key, error })
  }
  const attempted = async (key: string, remove: () => Promise<number>) => {
    try {
      result.bytes += await remove()
      result.count++
    } catch (error) {
      note(key, error)
    }
  }
  try {
    await walk(attempted)
  } catch (error) {
    note(prefix, error)
  }
  return result
}

/** Bytes are told, not needed: a store that does not list parts still aborts. */
async function partBytes(
  storage: Storage,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
  signal: AbortSignal,
): Promise<number> {
  let total = 0
  try {
    for await (const { bytes } of storage.listParts(key, uploadId, { signal })) total += bytes
  } catch (error) {
    if (!isStorageError(error)) throw error
  }
  return total
}

function isOf(attempt: AttemptAt, key: string): boolean {
  const at = attemptOfKey(key)
  return at?.plan === attempt.plan && at.backup === attempt.backup
}
