import { BackupError, type Manifest, resolveRef } from '@backstream/backup'
import type { Storage } from '@backstream/storage'

/** The backup that upkeep is about; null where the plan has none that is good. */
export async function newestGood(
  storage: Storage,
  plan: string,
  signal: AbortSignal,
): Promise<Manifest | null> {
  try {
    return (await resolveRef(storage, plan, { signal })).manifest
  } catch (error) {
    if (error instanceof BackupError && error.code === 'no-such-backup') return null
    throw error
  }
}
