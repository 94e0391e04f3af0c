import { cleanUpAttempt, type Manifest, readManifest } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import type { BackupRunPayload } from '@backstream/jobs'
import type { ActiveRun } from '@backstream/queue'
import type { Storage } from '@backstream/storage'
import type { WorkerContext } from './worker-context.ts'

/**
 * Looks at what earlier attempts of this very run left, say of a worker that was killed.
 *
 * Returns the manifest when one of them had committed: a crash between the commit and the queue's
 * "completed" must not make a second backup. Removes what the others left.
 */
export async function finishEarlierAttempts(
  context: Pick<WorkerContext, 'ledger' | 'workerName' | 'clock'>,
  at: {
    readonly storage: Storage
    readonly plan: Pick<Plan, 'name'>
    readonly runId: string
    readonly run: Pick<ActiveRun<BackupRunPayload>, 'log'>
    readonly signal: AbortSignal
  },
): Promise<Manifest | undefined> {
  const { storage, plan, runId, run, signal } = at
  for (const backup of await context.ledger.attemptsOf({ plan: plan.name, runId })) {
    const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
    if (manifest) {
      await run.log(`this run had already made ${backup}: nothing to do`)
      return manifest
    }
    const report = await cleanUpAttempt(
      storage,
      {
        plan: plan.name,
        backup,
        by: `worker ${context.workerName}`,
        reason: 'an attempt of this run ended before its end',
      },
      { clock: context.clock, signal },
    )
    const removed = report.abortedUploads + report.deletedObjects
    if (removed > 0) await run.log(`removed ${removed} leftover(s) of the attempt ${backup}`)
  }
  return undefined
}
