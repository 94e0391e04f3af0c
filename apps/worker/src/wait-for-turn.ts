import { setTimeout as delay } from 'node:timers/promises'
import type { Plan } from '@backstream/config'
import type { BackupRunPayload, SkippedResult } from '@backstream/jobs'
import { type ActiveRun, acquireLease, type Lease, type LeaseRequest } from '@backstream/queue'
import type { WorkerContext } from './worker-context.ts'

const lookEveryMs = 2_000

/** `overlap: wait`: holds the one place in the line until the plan is free; a second one is skipped. */
export async function waitForTurn(
  context: WorkerContext,
  line: {
    readonly plan: Plan
    readonly run: ActiveRun<BackupRunPayload>
    readonly wanted: LeaseRequest
  },
): Promise<Lease | SkippedResult> {
  const { plan, run, wanted } = line
  const place = await acquireLease(context.connection, { ...wanted, plan: `${plan.name}:next` })
  if ('heldBy' in place) {
    return {
      outcome: 'skipped',
      plan: plan.name,
      reason: `run ${place.heldBy} is waiting already`,
      byRun: place.heldBy,
    }
  }
  try {
    await run.log('waiting for the run before this one')
    for (;;) {
      run.signal.throwIfAborted()
      const lease = await acquireLease(context.connection, wanted)
      if (!('heldBy' in lease)) return lease
      await delay(lookEveryMs, undefined, { signal: run.signal })
    }
  } finally {
    await place.release()
  }
}
