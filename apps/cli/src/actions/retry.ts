import type { RunSummary } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import { withNamedRuns } from './named-runs.ts'

/** Puts the run, or a plan's newest one, back into line with a full set of attempts. */
export async function retry(session: Session, name: string): Promise<void> {
  await withNamedRuns(session, name, async ([newest], producer) => {
    if (!newest || !isRetryable(newest)) throw notRetryable(name, newest)
    const { ref, attempts } = newest
    await producer.retryRun(ref)
    const { plan, jobId: run, queue } = ref
    if (session.json) {
      session.printJson({ format: 'backstream.retry/1', runs: [{ plan, run, queue, attempts }] })
    } else {
      session.print(`${plan}: run ${run} is in ${queue} again, with ${attempts} attempts\n`)
    }
    if ((await producer.workersOf(queue)).length === 0) {
      session.note(`note: no worker serves the queue ${queue} at the moment`)
    }
  })
}

function isRetryable({ state, result }: RunSummary): boolean {
  return state === 'failed' || (state === 'completed' && result?.outcome === 'cancelled')
}

function notRetryable(name: string, run: RunSummary | undefined): CliError {
  const how = run?.result?.outcome ?? run?.state ?? 'gone'
  return new CliError(
    'failed',
    `The newest run of ${name}, ${run?.ref.jobId}, has neither failed nor been cancelled: it is ${how}`,
    { remedy: `Start a new one with \`backstream run ${run?.ref.plan ?? name}\`.` },
  )
}
