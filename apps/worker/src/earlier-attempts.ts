import { BackupError, cleanUpAttempt, type Manifest, readManifest } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { ActiveBackupRun } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import type { WorkerContext } from './worker-context.ts'

type Cleaner = Pick<WorkerContext, 'workerName' | 'clock'> & {
  readonly producer: Pick<WorkerContext['producer'], 'enqueueCleanup'>
}

interface EarlierAttempts {
  readonly storage: Storage
  readonly plan: Pick<Plan, 'name'>
  readonly run: Pick<ActiveBackupRun, 'ledger' | 'log'>
  readonly signal: AbortSignal
}

/**
 * Looks at what earlier attempts of this very run left, say of a worker that was killed.
 *
 * Returns the manifest when one of them had committed: a crash between the commit and the queue's
 * "completed" must not make a second backup. Removes what the others left.
 */
export async function finishEarlierAttempts(
  context: Cleaner,
  at: EarlierAttempts,
): Promise<Manifest | undefined> {
  const { storage, plan, run, signal } = at
  // Those that say they were cleaned too: only the slot can tell that nothing was committed.
  for (const { backup } of run.ledger.earlier) {
    const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
    if (manifest) {
      await run.ledger.settle(backup, 'committed')
      await run.log(`this run had already made ${backup}: nothing to do`)
      return manifest
    }
    await cleanUp(context, at, backup)
  }
  return undefined
}

/** What this worker may not remove is left to `maintenance`, and keeps nobody from a new attempt. */
async function cleanUp(context: Cleaner, at: EarlierAttempts, backup: string): Promise<void> {
  const { storage, plan, run, signal } = at
  const reason = 'an attempt of this run ended before its end'
  const attempt = { plan: plan.name, backup, by: `worker ${context.workerName}`, reason }
  try {
    const report = await cleanUpAttempt(storage, attempt, { clock: context.clock, signal })
    if (report.outcome === 'cleaned') await run.ledger.settle(backup, 'cleaned')
    const removed = report.abortedUploads + report.deletedObjects
    if (removed > 0) await run.log(`removed ${removed} leftover(s) of the attempt ${backup}`)
  } catch (error) {
    const isDenied = error instanceof BackupError && error.code === 'clean-up-incomplete'
    if (!isDenied || !error.permanent) throw error
    await context.producer.enqueueCleanup({ plan: plan.name, backup })
    await run.log(`what is left of the attempt ${backup} is handed on to maintenance`)
  }
}
