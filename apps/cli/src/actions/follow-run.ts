import { setTimeout as sleep } from 'node:timers/promises'
import type { RunProgress, RunResult } from '@backstream/jobs'
import type { RunBell, RunEvent, RunProducer, RunRef, RunSummary } from '@backstream/queue'
import { exitStatus } from '../exit-status.ts'
import { formatLocalTime } from '../output/local-time.ts'
import { plainText } from '../output/plain-text.ts'
import type { ProgressState, ProgressView } from '../output/progress-view.ts'

/** How a run ended that was followed to its end. */
export interface RunOutcome {
  readonly plan: string
  readonly run: string
  readonly queue: string
  /** `gone`: removed by hand, or lost with Redis. */
  readonly outcome: 'committed' | 'skipped' | 'cancelled' | 'failed' | 'gone'
  readonly result: RunResult | null
  /** Why there is no backup, in words. */
  readonly cause: string | null
}

export interface FollowOptions {
  readonly producer: RunProducer
  readonly view: ProgressView
  /** Ends the watching: the promise then rejects with its reason, and the run goes on. */
  readonly signal: AbortSignal
  readonly describe: (progress: RunProgress) => string
  /** Of the worker, where it is in this process. */
  readonly bell?: RunBell | undefined
  /** When a run that nobody takes is said to be so: within the ten seconds promised. Default 4 s. */
  readonly noWorkerAfterMs?: number
  /** Between two questions while Redis is away. Default 2 s. */
  readonly outagePauseMs?: number
}

const maxOutages = 30

export async function followRun(ref: RunRef, options: FollowOptions): Promise<RunOutcome> {
  const state = { isTaken: false }
  const done = new AbortController()
  const telling = tellIfNobodyServes(ref, state, {
    ...options,
    signal: AbortSignal.any([options.signal, done.signal]),
  })
  try {
    return outcomeOf(ref, await followToEnd(ref, state, options))
  } catch (error) {
    // A timer that was cut rejects with its own error; why it was cut is what matters.
    options.signal.throwIfAborted()
    throw error
  } finally {
    done.abort()
    await telling
  }
}

/** A backup that is suspect, or a run that gave way to another, is no failure and no success. */
export function exitStatusOfRun({ outcome, result }: RunOutcome): number {
  if (outcome === 'skipped') return exitStatus.incomplete
  if (outcome !== 'committed') return exitStatus.failed
  const isGood = result?.outcome === 'committed' && result.status === 'good'
  return isGood ? exitStatus.done : exitStatus.incomplete
}

type LastEvent = Extract<RunEvent, { kind: 'completed' | 'failed' | 'gone' }>

/** Asks again after an outage of Redis: the run may well be going on. */
async function followToEnd(
  ref: RunRef,
  state: { isTaken: boolean },
  options: FollowOptions,
): Promise<LastEvent> {
  const { signal, view, outagePauseMs = 2_000 } = options
  for (let outages = 0; ; outages += 1) {
    try {
      const last = await watch(ref, state, options)
      if (last) return last
    } catch (error) {
      if (outages >= maxOutages || signal.aborted) throw error
      if (outages === 0) view.say(`${ref.plan}: Redis does not answer; asking again`)
      await sleep(outagePauseMs, undefined, { signal })
    }
    signal.throwIfAborted()
  }
}

/** Undefined when the watching was ended before the run. */
async function watch(
  ref: RunRef,
  state: { isTaken: boolean },
  options: FollowOptions,
): Promise<LastEvent | undefined> {
  const { producer, signal, bell } = options
  for await (const event of producer.watchRun(ref, { signal, bell })) {
    if (event.kind !== 'waiting') state.isTaken = true
    show(ref, event, options)
    if (event.kind === 'completed' || event.kind === 'failed' || event.kind === 'gone') return event
  }
  return undefined
}

function show(ref: RunRef, event: RunEvent, { view, describe }: FollowOptions): void {
  if (event.kind === 'retrying') {
    const { attemptsMade, attempts } = event.run
    const attempt = `attempt ${attemptsMade} of ${attempts}`
    view.say(
      `${ref.plan}: ${attempt} failed: ${plainText(event.reason)}; ${nextAttempt(event.run)}`,
    )
  }
  view.set(ref.plan, stateOf(event, describe))
}

function stateOf(event: RunEvent, describe: FollowOptions['describe']): ProgressState {
  switch (event.kind) {
    case 'waiting':
      return { percent: null, text: 'waiting for a worker' }
    case 'active':
      return { percent: null, text: 'begins' }
    case 'progress':
      return { percent: event.progress.percent, text: describe(event.progress) }
    case 'retrying':
      return { percent: null, text: nextAttempt(event.run) }
    case 'completed':
    case 'failed':
    case 'gone':
      return { percent: null, text: event.kind }
  }
}

function nextAttempt({ dueAtMs }: RunSummary): string {
  return dueAtMs === null ? 'next attempt soon' : `next attempt at ${formatLocalTime(dueAtMs)}`
}

async function tellIfNobodyServes(
  ref: RunRef,
  state: { readonly isTaken: boolean },
  { producer, view, signal, noWorkerAfterMs = 4_000 }: FollowOptions,
): Promise<void> {
  try {
    await sleep(noWorkerAfterMs, undefined, { signal })
    if (state.isTaken || (await producer.workersOf(ref.queue)).length > 0) return
    const name = /^backups\.(.+)$/.exec(ref.queue)?.[1]
    const command = name === undefined ? 'backstream worker' : `backstream worker --name ${name}`
    view.say(`${ref.plan}: no worker serves the queue ${ref.queue}: start one with \`${command}\``)
  } catch (error) {
    // Aborted, or Redis is away, which the one who follows the run says.
    if (!signal.aborted) view.say(`${ref.plan}: cannot tell whether a worker is there: ${error}`)
  }
}

function outcomeOf(ref: RunRef, event: LastEvent): RunOutcome {
  const base = { plan: ref.plan, run: ref.jobId, queue: ref.queue, result: null, cause: null }
  if (event.kind === 'gone') {
    return { ...base, outcome: 'gone', cause: 'the run is gone from the queue' }
  }
  if (event.kind === 'failed') return { ...base, outcome: 'failed', cause: event.reason }
  const { result } = event
  if (result === null) return { ...base, outcome: 'gone', cause: 'the run left no result' }
  return {
    ...base,
    outcome: result.outcome,
    result,
    cause: result.outcome === 'committed' ? null : result.reason,
  }
}
