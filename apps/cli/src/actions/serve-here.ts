import { hostname } from 'node:os'
import type { Config, Plan } from '@backstream/config'
import { queueOfPlan } from '@backstream/jobs'
import type { RunBell, RunRef } from '@backstream/queue'
import type { Session } from '../command-context.ts'

export interface ServedHere extends AsyncDisposable {
  /** The same plans, in the queue that only this machine's `run --here` serves. */
  plans(plans: readonly Plan[]): readonly Plan[]
  /** Rung when a run has ended. */
  readonly bell: RunBell
  /** Stops serving and takes runs that will not end here out of the queue: nobody else serves it. */
  discard(refs: readonly RunRef[]): Promise<void>
}

/**
 * A worker in this process for one command. Its queue is named after the machine, so that a common
 * worker cannot take the run away, and so that the board shows it like any other.
 */
export async function serveHere(session: Session, config: Config): Promise<ServedHere> {
  const { startWorker } = await import('@backstream/worker')
  const { RunBell } = await import('@backstream/queue')
  const { settings, logger, clock } = session
  const name = hereName(hostname())
  const move = (plan: Plan): Plan => ({ ...plan, runsOn: name })
  const bell = new RunBell()
  const worker = await startWorker({
    config: { ...config, plans: config.plans.map(move) },
    env: settings.env,
    logger,
    clock,
    name,
    serves: [queueOfPlan({ runsOn: name })],
    bell,
  })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= worker.close({ graceMs: 0 })
    return closing
  }
  return {
    plans: (plans) => plans.map(move),
    bell,
    async discard(refs) {
      await close()
      const { createRunProducer, openConfiguredQueue } = await import('@backstream/queue')
      await using connection = await openConfiguredQueue(config, {
        env: settings.env,
        logger,
        clock,
      })
      await using producer = createRunProducer(connection)
      for (const ref of refs) await producer.removeRun(ref)
    },
    [Symbol.asyncDispose]: close,
  }
}

/** A queue's name allows less than a host's. */
function hereName(host: string): string {
  const safe = host
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return `here-${safe || 'unknown'}`.slice(0, 63)
}
