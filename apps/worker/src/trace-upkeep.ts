import { type ActiveRun, ledgerRunId, QueueError } from '@backstream/queue'
import type { WorkerContext } from './worker-context.ts'

interface Outcome {
  readonly outcome: string
  readonly backup?: string
  readonly bytes?: number
}

/**
 * Has a job that is no backup told of as a trace of its own, once it has ended. What was skipped or put
 * back into line has not begun, and is not told of.
 */
export async function traceUpkeep<P extends { readonly plan: string }, R extends Outcome>(
  { tracing, clock }: Pick<WorkerContext, 'tracing' | 'clock'>,
  { what, run }: { readonly what: string; readonly run: ActiveRun<P> },
  work: () => Promise<R>,
): Promise<R> {
  if (tracing === null) return await work()
  const { id, timestampMs, scheduledForMs, attempt, queue, payload } = run
  const about = {
    ...{ what, runId: ledgerRunId({ jobId: id, timestampMs }) },
    ...{ plan: payload.plan, attempt, queue },
    trigger: scheduledForMs === null ? null : 'schedule',
    ...{ dueAtMs: scheduledForMs ?? timestampMs, nowMs: clock.now() },
  }
  try {
    const result = await work()
    const isWork = result.outcome !== 'skipped'
    if (isWork) tracing.record({ ...about, endedAtMs: clock.now(), result, error: null })
    return result
  } catch (error) {
    const isBegun = !(error instanceof QueueError && error.code === 'put-back')
    if (isBegun) tracing.record({ ...about, endedAtMs: clock.now(), result: null, error })
    throw error
  }
}
