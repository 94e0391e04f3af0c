import {
  nextUpkeep,
  type Plan,
  type UpkeepKind,
  upkeepKinds,
  upkeepRunsOn,
} from '@backstream/config'
import { queueOfUpkeep } from '@backstream/jobs'
import type { Clock, Logger } from '@backstream/kernel'
import { armedId, type RunProducer, type UpkeepJob } from '@backstream/queue'
import { type Arm, armRegularly } from './arm-regularly.ts'

/**
 * Sees to it that the next verification, drill and pruning of each plan stand in the queue, as the
 * sweeps do: asked for again and again, by any number of schedulers, each is there once. What a changed
 * configuration does not ask for any more stays in the queue, and is skipped when its time comes.
 */
export function createUpkeepArmer(deps: {
  readonly producer: Pick<RunProducer, 'enqueueUpkeep'>
  readonly clock: Clock
  readonly logger: Logger
}): Arm {
  const { producer, clock } = deps
  return armRegularly({ ...deps, what: 'upkeep' }, async ({ plans }) => {
    for (const plan of plans) {
      for (const kind of upkeepKinds) await arm(producer, { plan, kind, nowMs: clock.now() })
    }
  })
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
