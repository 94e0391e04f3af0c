import { BackupError } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import { queueOfPlan } from '@backstream/jobs'
import type { WorkerContext } from './worker-context.ts'

/**
 * A directory or a command belongs to one machine. Without `runsOn`, while unnamed workers of
 * several hosts are connected, whichever was quicker would decide what is backed up: refused.
 */
export async function refuseAmbiguousMachine(
  context: { readonly producer: Pick<WorkerContext['producer'], 'workersOf'> },
  plan: Pick<Plan, 'name' | 'isLocal' | 'runsOn'>,
): Promise<void> {
  if (!plan.isLocal || plan.runsOn !== null) return
  const workers = await context.producer.workersOf(queueOfPlan(plan))
  const hosts = [...new Set(workers.map(({ host }) => host))].sort()
  if (hosts.length < 2) return
  throw new BackupError(
    'preflight-failed',
    `The plan ${plan.name} reads what lies on one machine, but workers of ${hosts.join(', ')} serve it`,
    {
      permanent: true,
      remedy: `Set runsOn to the name of the worker that has it, or to "any" if all of them see the same files.`,
    },
  )
}
