import type { RunGuard } from '@backstream/backup'
import type { Lease, RunLedger } from '@backstream/queue'

/** Lets the queue's lease, fence and ledger answer for one attempt. */
export function createRunGuard(at: {
  readonly lease: Pick<Lease, 'drawFence' | 'assertMayCommit'>
  readonly ledger: Pick<RunLedger, 'record'>
  readonly signal: AbortSignal
}): RunGuard & { readonly backup: () => string | null } {
  let backup: string | null = null
  return {
    backup: () => backup,
    drawFence: (floor) => at.lease.drawFence(floor),
    async recordAttempt(id) {
      backup = id
      await at.ledger.record(id)
    },
    assertMayCommit: (fence) => at.lease.assertMayCommit(fence, at.signal),
  }
}
