import {
  type Config,
  nextUpkeep,
  type Plan,
  type UpkeepKind,
  upkeepKinds,
  upkeepRunsOn,
} from '@backstream/config'
import { queueOfUpkeep } from '@backstream/jobs'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { armedId, type RunProducer, type UpkeepJob } from '@backstream/queue'

/** A Redis that was wiped has them again this soon. */
const armEveryMs = 60_000

/**
 * Sees to it that the next verification, drill and pruning of each plan stand in the queue, as the
 * sweeps do: asked for again and again, by any number of schedulers, each is there once. What a changed
 * configuration does not ask for any more stays in the queue, and is skipped when its time comes.
 */
export function createUpkeepArmer(deps: {
  readonly producer: Pick<RunProducer, 'enqueueUpkeep'>
  readonly clock: Clock
  readonly logger: Logger
}): (config: Pick<Config, 'plans'>) => Promise<void> {
  const { producer, clock, logger } = deps
  let armedAtMs = Number.NEGATIVE_INFINITY
  return async ({ plans }) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - armedAtMs < armEveryMs) return
    armedAtMs = nowMs
    try {
      for (const plan of plans) {
        for (const kind of upkeepKinds) await arm(producer, { plan, kind, nowMs: clock.now() })
      }
    } catch (error) {
      // The next look tries again; until then what is in the queue goes on.
      logger.warn({ err: error }, `upkeep not armed: ${describeError(error)}`)
    }
  }
}

async function arm(
  producer: Pick<RunProducer, 'enqueueUpkeep'>,
  { plan, kind, nowMs }: { readonly plan: Plan; readonly kind: UpkeepKind; readonly nowMs: number },
): Promise<void> {
  const dueAtMs = nextUpkeep(plan, kind, nowMs)
  if (dueAtMs === null) return
  await producer.enqueueUpkeep({
    job: jobOf(plan.name, kind),
    queue: queueOfUpkeep(upkeepRunsOn(plan, kind)),
    once: armedId(kind, plan.name, dueAtMs),
    dueAtMs,
  })
}

function jobOf(plan: string, kind: UpkeepKind): UpkeepJob {
  switch (kind) {
    case 'verify':
      return { name: 'backup.verify', payload: { plan, depth: 'stored' } }
    case 'verify-deep':
      return { name: 'backup.verify', payload: { plan, depth: 'deep' } }
    case 'drill':
      return { name: 'backup.drill', payload: { plan } }
    case 'prune':
      return { name: 'backup.prune', payload: { plan } }
  }
}
