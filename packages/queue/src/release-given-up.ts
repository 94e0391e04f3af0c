import { releaseLeaseOf } from './lease.ts'
import { ledgerRunId } from './ledger-record.ts'
import { limitsOwner, releaseLimitsOf } from './limits.ts'
import type { Link } from './open-connection.ts'

/**
 * Takes from a run that is given up what the worker that died with it still has: the plan's next run
 * would be skipped for it, and others would wait for its places, until all of that runs out.
 */
export async function releaseGivenUp(
  link: Link,
  run: { readonly plan: string; readonly jobId: string; readonly timestampMs: number },
): Promise<void> {
  const { plan } = run
  const runId = ledgerRunId(run)
  await releaseLeaseOf(link, { plan, owner: runId })
  await releaseLimitsOf(link, limitsOwner({ plan, runId }))
}
