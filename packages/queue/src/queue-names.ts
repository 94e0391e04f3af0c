import { backupsQueue, maintenanceQueue, queueOfPlan, queueOfUpkeep } from '@backstream/jobs'
import type { Link } from './open-connection.ts'

/** What names workers: the plan itself, its verifications and its drills. */
export interface QueueUser extends WorkerNamer {
  readonly verify?: WorkerNamer | null
  readonly drill?: WorkerNamer | null
}
interface WorkerNamer {
  readonly runsOn: string | null
}

/** The queues a configuration needs: `backups`, one per worker that plans name, `maintenance`. */
export function queueNamesOf(plans: readonly QueueUser[]): readonly string[] {
  const upkeep = plans.flatMap(({ verify, drill }) => [verify, drill])
  const named = upkeep.map((one) => queueOfUpkeep(one?.runsOn ?? null))
  return [...new Set([backupsQueue, ...plans.map(queueOfPlan), ...named, maintenanceQueue])]
}

/**
 * Every queue that was ever used under this installation; BullMQ keeps no such list. Without it a
 * schedule in the queue of a worker that no plan names any more would go on unseen.
 */
export async function knownQueues(link: Link): Promise<string[]> {
  const noted = await link.redis.smembers(link.key('queues'))
  return [...new Set([backupsQueue, maintenanceQueue, ...noted])].sort()
}

export async function noteQueues(link: Link, names: readonly string[]): Promise<void> {
  if (names.length > 0) await link.redis.sadd(link.key('queues'), ...names)
}
