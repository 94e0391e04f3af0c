import { hostname, userInfo } from 'node:os'
import type { RunEvent, RunProducer, RunRef, RunSummary } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { exitStatus } from '../exit-status.ts'
import { plainText } from '../output/plain-text.ts'
import { withNamedRuns } from './named-runs.ts'

interface Cancelled {
  readonly plan: string
  readonly run: string
  readonly queue: string
  /** Anything else: it ended so before the wish could reach it. */
  readonly outcome: 'cancelled' | 'committed' | 'skipped' | 'failed' | 'gone'
  readonly cause: string | null
}

/** Has runs end, and waits until they have: what they left is cleaned up by then. */
export async function cancel(session: Session, name: string): Promise<void> {
  await withNamedRuns(session, name, async (runs, producer) => {
    const going = runs.filter(({ state }) => state !== 'completed' && state !== 'failed')
    if (going.length === 0) throw nothingToCancel(name, runs)
    const ended = await Promise.all(going.map(({ ref }) => cancelOne(session, producer, ref)))
    if (session.json) session.printJson({ format: 'backstream.cancel/1', runs: ended })
    else for (const one of ended) session.print(`${inWords(one)}\n`)
    if (ended.some(({ outcome }) => outcome !== 'cancelled')) session.endWith(exitStatus.failed)
  })
}

async function cancelOne(session: Session, producer: RunProducer, ref: RunRef): Promise<Cancelled> {
  const by = `${userInfo().username}@${hostname()}`
  if ((await producer.cancelRun(ref, by)) === 'asked') await sayWhoWillHear(session, producer, ref)
  const signal = session.interruption()
  let last: RunEvent | undefined
  for await (const event of producer.watchRun(ref, { signal })) last = event
  signal.throwIfAborted()
  return { plan: ref.plan, run: ref.jobId, queue: ref.queue, ...outcomeOf(last) }
}

/** Not awaited for long: a worker looks once a second, and then cleans up. */
async function sayWhoWillHear(
  session: Session,
  producer: RunProducer,
  { plan, queue }: RunRef,
): Promise<void> {
  if ((await producer.workersOf(queue)).length > 0) {
    session.note(`${plan}: its worker is told; it cleans up now (Ctrl-C stops watching only)`)
    return
  }
  session.note(
    `${plan}: no worker serves ${queue}: the run ends when one is started again (Ctrl-C stops watching only)`,
  )
}

function outcomeOf(event: RunEvent | undefined): Pick<Cancelled, 'outcome' | 'cause'> {
  if (event?.kind === 'failed') return { outcome: 'failed', cause: event.reason }
  if (event?.kind !== 'completed' || event.result === null) return { outcome: 'gone', cause: null }
  const { result } = event
  if (result.outcome === 'committed') return { outcome: 'committed', cause: result.backup }
  return { outcome: result.outcome, cause: result.reason }
}

function inWords({ plan, run, outcome, cause }: Cancelled): string {
  if (outcome === 'cancelled') return `${plan}: run ${run} is cancelled`
  const why = cause === null ? '' : `: ${plainText(cause)}`
  return `${plan}: run ${run} had ended before, ${outcome}${why}`
}

function nothingToCancel(name: string, runs: readonly RunSummary[]): CliError {
  const [newest] = runs
  return new CliError('no-such-run', `Nothing of ${name} is under way or in line`, {
    remedy: newest ? `Its newest run, ${newest.ref.jobId}, has ended (${newest.state}).` : '',
  })
}
