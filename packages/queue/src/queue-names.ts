import { backupsQueue, maintenanceQueue, queueOfPlan } from '@backstream/jobs'
import type { Link } from './open-connection.ts'

/** The queues a configuration needs: `backups`, one per worker that plans name, `maintenance`. */
export function queueNamesOf(
  plans: readonly { readonly runsOn: string | null }[],
): readonly string[] {
  return [...new Set([backupsQueue, ...plans.map(queueOfPlan), maintenanceQueue])]
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
