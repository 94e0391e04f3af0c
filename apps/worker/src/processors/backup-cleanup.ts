import { type CleanUpReport, cleanUpAttempt } from '@backstream/backup'
import type { BackupCleanupPayload } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import type { WorkerContext } from '../worker-context.ts'

/** `backup.cleanup`: remove what an attempt left; fails, and so is tried again, when anything is left. */
export async function processBackupCleanup(
  context: WorkerContext,
  run: ActiveRun<BackupCleanupPayload>,
): Promise<void> {
  const { plan, backup } = run.payload
  await using storage = await context.openMaintenance(context.planNamed(plan).storage)
  const report = await cleanUpAttempt(
    storage,
    { plan, backup, by: `worker ${context.workerName}`, reason: 'the run failed' },
    { clock: context.clock, signal: run.signal },
  )
  await run.log(`${plan}/${backup}: ${inWords(report)}`)
}

function inWords({ outcome, abortedUploads, deletedObjects }: CleanUpReport): string {
  if (outcome === 'committed') return 'it is committed: nothing touched'
  if (outcome === 'voided') return 'void now; its objects are left to the sweep'
  return `${abortedUploads} upload(s) aborted, ${deletedObjects} object(s) deleted`
}
