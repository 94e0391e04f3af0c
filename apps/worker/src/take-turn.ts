import { setTimeout as delay } from 'node:timers/promises'
import type { Plan } from '@backstream/config'
import type { SkippedResult } from '@backstream/jobs'
import type { Lease } from '@backstream/queue'

export interface TurnRequest {
  readonly plan: Pick<Plan, 'name' | 'overlap'>
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** The lease of that name, for this run, or the run that has it. */
  acquire(name: string): Promise<Lease | { readonly heldBy: string }>
  /** Tells those who watch the run. */
  step(line: string): Promise<void>
  /** How often a run that waits asks again. Default 2 s. */
  readonly lookEveryMs?: number
}

/** One run of a plan at a time: the plan's lease, or what to say of the run instead. */
export async function takeTurn(request: TurnRequest): Promise<Lease | SkippedResult> {
  const { plan } = request
  const lease = await request.acquire(plan.name)
  if (!('heldBy' in lease)) return lease
  if (plan.overlap === 'wait') return await waitForTurn(request)
  return await skip(request, lease.heldBy, 'of this plan is under way')
}

/** Holds the one place in the line until the plan is free; whoever finds it taken is skipped. */
async function waitForTurn(request: TurnRequest): Promise<Lease | SkippedResult> {
  const { plan, signal, lookEveryMs = 2_000 } = request
  const place = await request.acquire(`${plan.name}:next`)
  if ('heldBy' in place) return await skip(request, place.heldBy, 'is waiting already')
  try {
    await request.step('waiting for the run before this one')
    for (;;) {
      signal.throwIfAborted()
      const lease = await request.acquire(plan.name)
      if (!('heldBy' in lease)) return lease
      await delay(lookEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  } finally {
    await place.release()
  }
}

async function skip(
  { plan, step }: TurnRequest,
  byRun: string,
  why: string,
): Promise<SkippedResult> {
  const reason = `run ${byRun} ${why}`
  await step(`skipped: ${reason}`)
  return { outcome: 'skipped', plan: plan.name, reason, byRun }
}
