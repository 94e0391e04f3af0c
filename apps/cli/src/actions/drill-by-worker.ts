import type { Config } from '@backstream/config'
import { queueOfUpkeep, type UpkeepResult } from '@backstream/jobs'
import type { RunProducer, RunRef } from '@backstream/queue'
import { CliError } from '../cli-error.ts'
import type { Session } from '../command-context.ts'
import type { DrillOutcome } from '../output/drill-text.ts'
import { openProgressView } from '../output/progress-view.ts'
import { describeProgress } from '../output/run-text.ts'
import { followRun } from './follow-run.ts'

/** Asks the worker for a drill and follows it to its end. A drill that failed rejects with the cause. */
export async function drillByWorker(
  session: Session,
  config: Config,
  { plan, runsOn }: { readonly plan: string; readonly runsOn: string },
): Promise<DrillOutcome> {
  const { createRunProducer, openConfiguredQueue } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  await using connection = await openConfiguredQueue(config, { env: settings.env, logger, clock })
  await using producer = createRunProducer(connection)
  const queue = queueOfUpkeep(runsOn)
  const job = { name: 'backup.drill', payload: { plan } } as const
  const ref = await producer.enqueueUpkeep({ job, queue, once: null })
  session.note(`${plan}: the worker ${runsOn} restores it; Ctrl-C stops watching, not the drill`)
  return outcomeOf(plan, await follow(session, producer, ref))
}

async function follow(session: Session, producer: RunProducer, ref: RunRef): Promise<UpkeepResult> {
  const view = await openProgressView({ ...session, stream: session.stderr })
  const signal = session.interruption()
  try {
    const end = await followRun(ref, { producer, view, signal, describe: describeProgress })
    const summary = await producer.getRun(ref)
    if (summary?.upkeep) return summary.upkeep
    if (end.result?.outcome === 'skipped') return end.result
    throw new CliError('failed', end.cause ?? 'the drill left no result', {
      remedy: 'The log of the job on the board, and of the worker, say more.',
    })
  } finally {
    view.stop()
  }
}

function outcomeOf(plan: string, result: UpkeepResult): DrillOutcome {
  if (result.outcome === 'drilled') {
    const checks = result.checks.map((check) => ({ ...check, isPassed: true }))
    return { ...result, checks, isPassed: true }
  }
  const cause = result.outcome === 'skipped' ? result.reason : 'the drill left no result'
  throw new CliError('failed', `${plan}: ${cause}`)
}
