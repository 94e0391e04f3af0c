import type { Manifest } from '@backstream/backup'
import type { Plan } from '@backstream/config'
import { maintenanceQueue } from '@backstream/jobs'
import { describeError } from '@backstream/kernel'
import type { UpkeepJob } from '@backstream/queue'
import type { WorkerContext } from './worker-context.ts'

/** For the run that made the backup to let go of its plan. */
const soonMs = 2_000

/**
 * Asks for what follows a new backup, each a job of its own. Never rejects: the backup is made, and
 * what could not be asked for now is made up for by the schedule, and by the next verification.
 */
export async function afterCommit(
  context: Pick<WorkerContext, 'producer' | 'clock' | 'logger' | 'config'>,
  plan: Plan,
  { backup }: Manifest,
): Promise<void> {
  const { producer, clock, logger } = context
  const jobs: UpkeepJob[] = []
  const isLocked = context.config.storages[plan.storage]?.lock != null
  if (isLocked) jobs.push({ name: 'backup.lock', payload: { plan: plan.name, backup } })
  if (plan.retention) jobs.push({ name: 'backup.prune', payload: { plan: plan.name } })
  for (const job of jobs) {
    const once = `${job.name.replace('backup.', '')}-${plan.name}-after-${backup}`
    try {
      const dueAtMs = clock.now() + soonMs
      await producer.enqueueUpkeep({ job, queue: maintenanceQueue, once, dueAtMs })
    } catch (error) {
      const { name } = plan
      logger.warn(
        { plan: name, err: error },
        `no ${job.name} after ${backup}: ${describeError(error)}`,
      )
    }
  }
}
