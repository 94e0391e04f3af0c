import { type LockReport, lockBackup, type Manifest } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { WorkerContext } from './worker-context.ts'

/** Locks what is missing of a backup's lock, with the credentials of `maintenance`. Null: none is wanted. */
export async function keepLocked(
  context: WorkerContext,
  plan: Plan,
  at: { readonly manifest: Manifest; readonly signal: AbortSignal },
): Promise<LockReport | null> {
  const lock = context.config.storages[plan.storage]?.lock
  if (!lock) return null
  await using storage = await context.openMaintenance(plan.storage)
  const by = `worker ${context.workerName}`
  const { clock } = context
  return await lockBackup(
    storage,
    { ...lock, manifest: at.manifest, by },
    { clock, signal: at.signal },
  )
}
