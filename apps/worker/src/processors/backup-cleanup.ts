import { cleanUpAttempt } from '@backstream/backup'
import type { BackupCleanupPayload } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import type { WorkerContext } from '../worker-context.ts'

/** `backup.cleanup`: remove what an attempt left; fails, and so is tried again, when anything is left. */
export async function processBackupCleanup(
  context: WorkerContext,
  run: ActiveRun<BackupCleanupPayload>,
): Promise<void> {
  const { plan, backup } = run.payload
  await using storage = await context.openStorage(context.planNamed(plan))
  const report = await cleanUpAttempt(
    storage,
    { plan, backup, by: `worker ${context.workerName}`, reason: 'the run failed' },
    { clock: context.clock, signal: run.signal },
  )
  await run.log(
    report.outcome === 'committed'
      ? `${plan}/${backup} is committed: nothing touched`
      : `${plan}/${backup}: ${report.abortedUploads} upload(s) aborted, ${report.deletedObjects} object(s) deleted`,
  )
}
