import type { Plan } from '@backstream/config'
import {
  type ActiveBackupRun,
  acquireLimits,
  type HeldLimits,
  limitsOwner,
  QueueError,
} from '@backstream/queue'
import type { WorkerContext } from './worker-context.ts'

/**
 * A place of all that the run shares with others: the limits its plan names, and its storage's maxRuns.
 * Where there is none the run is put back into line, and this worker is free for another.
 */
export async function takePlaces(
  context: Pick<WorkerContext, 'connection' | 'config' | 'logger' | 'leaseTtlMs'>,
  plan: Pick<Plan, 'name' | 'limits' | 'storage'>,
  run: Pick<ActiveBackupRun, 'ledger' | 'log'>,
): Promise<HeldLimits> {
  const places = await acquireLimits(context.connection, {
    owner: limitsOwner({ plan: plan.name, runId: run.ledger.runId }),
    sizes: sharedBy(context.config, plan),
    ttlMs: context.leaseTtlMs,
    logger: context.logger,
  })
  if (!('waitsFor' in places)) return places
  const full = places.waitsFor.join(', ') || 'those who have waited longer'
  if (places.isNew) await run.log(`waits for a place: ${full}`)
  throw new QueueError('put-back', `${plan.name} waits for a place: ${full}`)
}

function sharedBy(
  config: Pick<WorkerContext['config'], 'limits' | 'storages'>,
  plan: Pick<Plan, 'limits' | 'storage'>,
): Record<string, number> {
  // Loading the configuration checks that every limit a plan names is there.
  const sizes = plan.limits.map((name) => [`limit ${name}`, config.limits[name] ?? 1])
  const maxRuns = config.storages[plan.storage]?.maxRuns ?? null
  if (maxRuns !== null) sizes.push([`storage ${plan.storage}`, maxRuns])
  return Object.fromEntries(sizes)
}
