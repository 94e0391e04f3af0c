import type { Plan } from '@backstream/config'
import type { RunResult, SkippedResult } from '@backstream/jobs'
import type { ActiveBackupRun } from '@backstream/queue'
import { finishEarlierAttempts } from './earlier-attempts.ts'
import { type Concluding, concludeCommitted } from './run-result.ts'
import type { WorkerContext } from './worker-context.ts'

/**
 * A run whose worker died may find that another one has its plan meanwhile. What its earlier attempts
 * left is its own to remove all the same, and a backup that they made is its result.
 */
export async function giveWay(
  context: Concluding & Pick<WorkerContext, 'openStorage' | 'workerName'>,
  { plan, run }: { readonly plan: Plan; readonly run: ActiveBackupRun },
  skipped: SkippedResult,
): Promise<RunResult> {
  if (run.ledger.earlier.length === 0) return skipped
  await using storage = await context.openStorage(plan)
  const { signal } = run
  const manifest = await finishEarlierAttempts(context, { storage, plan, run, signal })
  return manifest ? await concludeCommitted(context, plan, manifest) : skipped
}
