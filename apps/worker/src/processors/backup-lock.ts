import { readManifest } from '@backstream/backup'
import type { BackupLockPayload, LockResult, SkippedResult } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import { keepLocked } from '../keep-locked.ts'
import { skippedUpkeep } from '../upkeep-due.ts'
import type { WorkerContext } from '../worker-context.ts'

/** `backup.lock`: after the commit; fails, and so is tried again, for as long as anything is unlocked. */
export async function processBackupLock(
  context: WorkerContext,
  run: ActiveRun<BackupLockPayload>,
): Promise<LockResult | SkippedResult> {
  const { signal } = run
  const { backup } = run.payload
  const plan = context.planNamed(run.payload.plan)
  await using storage = await context.openStorage(plan)
  const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
  if (!manifest) return skippedUpkeep(plan, `${backup} is gone`)
  const report = await keepLocked(context, plan, { manifest, signal })
  if (!report) return skippedUpkeep(plan, 'no lock is wanted, or its time is over')
  const until = new Date(report.untilMs).toISOString()
  await run.log(`${plan.name}/${backup}: ${report.locked} object(s) locked until ${until}`)
  return { outcome: 'locked', plan: plan.name, backup, until }
}
