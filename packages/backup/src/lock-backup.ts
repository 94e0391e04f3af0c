/**
 * Has the store keep the objects of a backup. Done after the commit and never before: what an attempt
 * that failed has left must stay removable.
 */
import type { Clock } from '@backstream/kernel'
import type { ObjectLock, ObjectLocker, Storage } from '@backstream/storage'
import { restoreGuideKey, slotKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { listNotes, writeNote } from './notes.ts'

export interface LockRequest {
  readonly manifest: Manifest
  readonly mode: ObjectLock['mode']
  /** Counted from when the backup was finished. */
  readonly forMs: number
  readonly by: string
}

export interface LockReport {
  readonly untilMs: number
  /** Objects that were not kept for so long before; 0 where nothing was missing. */
  readonly locked: number
}

/** Stores keep times to the second. */
const toleranceMs = 1_000

/**
 * Idempotent: only what is missing is done, and noted beside the backup. The manifest comes last, so
 * that one that is locked stands for a backup that is. Null: the time is over already.
 */
export async function lockBackup(
  storage: Storage & ObjectLocker,
  { manifest, mode, forMs, by }: LockRequest,
  options: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<LockReport | null> {
  const { plan, backup } = manifest
  const { signal } = options
  const untilMs = Date.parse(manifest.run.finishedAt) + forMs
  if (untilMs <= options.clock.now() + toleranceMs) return null
  let locked = 0
  for (const { key, versionId } of objectsOf(manifest)) {
    const found = await storage.lockOf(key, { versionId, signal })
    if (found && found.untilMs >= untilMs - toleranceMs) continue
    await storage.lock(key, { mode, untilMs }, { versionId, signal })
    locked += 1
  }
  const notes = locked > 0 ? [] : await listNotes(storage, manifest, signal)
  if (!notes.some(({ kind }) => kind === 'lock')) {
    const facts = { mode, until: new Date(untilMs).toISOString() }
    await writeNote(storage, { plan, backup, kind: 'lock', by, facts }, options)
  }
  return { untilMs, locked }
}

function objectsOf({ plan, backup, archives, index }: Manifest) {
  return [
    ...archives.map(({ key, versionId }) => ({ key, versionId: versionId ?? undefined })),
    { key: index.key, versionId: undefined },
    { key: restoreGuideKey(plan, backup), versionId: undefined },
    { key: slotKey(plan, backup), versionId: undefined },
  ]
}
