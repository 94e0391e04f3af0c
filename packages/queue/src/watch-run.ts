import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RunProgress, RunResult } from '@backstream/jobs'
import { QueueError } from './queue-error.ts'
import type { RunBell } from './run-bell.ts'
import type { RunRef, RunSummary } from './run-summary.ts'

export type RunEvent =
  | { readonly kind: 'waiting'; readonly run: RunSummary }
  | { readonly kind: 'active'; readonly run: RunSummary }
  | { readonly kind: 'progress'; readonly progress: RunProgress; readonly run: RunSummary }
  /** An attempt failed and another one follows at `run.dueAtMs`. */
  | { readonly kind: 'retrying'; readonly reason: string; readonly run: RunSummary }
  | { readonly kind: 'completed'; readonly result: RunResult | null; readonly run: RunSummary }
  | { readonly kind: 'failed'; readonly reason: string; readonly run: RunSummary }
  /** Removed by hand, or lost with Redis. */
  | { readonly kind: 'gone' }

export interface WatchOptions {
  /** Ends the watching, not the run; the iteration then ends without a last event. */
  readonly signal?: AbortSignal
  readonly everyMs?: number
  /** Rung when there may be something to see before that. */
  readonly bell?: RunBell | undefined
}

/**
 * What happens to a run from now on, ending with `completed`, `failed` or `gone`.
 *
 * It asks for the run again and again rather than listen to queue events: an event that falls into
 * an outage is lost for ever, the state of the run is not.
 */
export async function* watchRun(
  read: (ref: RunRef) => Promise<RunSummary | undefined>,
  ref: RunRef,
  options: WatchOptions = {},
): AsyncGenerator<RunEvent, void, undefined> {
  let before: RunSummary | undefined
  while (!options.signal?.aborted) {
    // Asked for before the look, so that a run that ends meanwhile is not slept through.
    using rung = options.bell?.listen()
    const run = await read(ref).catch(waitOutOutage)
    if (!run) return yield { kind: 'gone' }
    if (run !== 'unknown') {
      for (const event of eventsBetween(before, run)) {
        yield event
        if (event.kind === 'completed' || event.kind === 'failed') return
      }
      before = run
    }
    await pause(options, rung?.promise)
  }
}

async function pause(
  { everyMs = 300, signal }: WatchOptions,
  rung: Promise<void> | undefined,
): Promise<void> {
  const enough = new AbortController()
  const either = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal
  const slept = sleep(everyMs, undefined, { signal: either }).catch(() => {
    // Aborted: there is nothing to wait for any more.
  })
  await Promise.race(rung === undefined ? [slept] : [slept, rung])
  enough.abort()
}

/** What happens meanwhile is seen when Redis is back. */
function waitOutOutage(error: unknown): 'unknown' {
  if (error instanceof QueueError && error.code === 'unreachable') return 'unknown'
  throw error
}

/** The events that led from what was seen before to what is seen now. */
function eventsBetween(before: RunSummary | undefined, run: RunSummary): RunEvent[] {
  const events: RunEvent[] = []
  if (run.attemptsMade > (before?.attemptsMade ?? 0) && !isFinished(run)) {
    events.push({ kind: 'retrying', reason: run.failedReason ?? 'unknown', run })
  }
  if (run.state !== before?.state) {
    if (run.state === 'active') events.push({ kind: 'active', run })
    else if (!isFinished(run) && run.attemptsMade === 0) events.push({ kind: 'waiting', run })
  }
  const { progress } = run
  if (progress && run.state !== 'waiting' && !isDeepStrictEqual(progress, before?.progress)) {
    events.push({ kind: 'progress', progress, run })
  }
  if (run.state === 'completed') events.push({ kind: 'completed', result: run.result, run })
  if (run.state === 'failed') {
    events.push({ kind: 'failed', reason: run.failedReason ?? 'unknown', run })
  }
  return events
}

function isFinished(run: RunSummary): boolean {
  return run.state === 'completed' || run.state === 'failed'
}
