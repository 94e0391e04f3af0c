import { type Link, linkOf, type QueueConnection } from './open-connection.ts'
import { livePresences } from './presence.ts'
import { knownQueues } from './queue-names.ts'

/** How long to wait for a scheduler to say what it knows, when none is there to ask. */
const patienceMs = 60_000

/**
 * Whether a plan this worker has never heard of may be known to somebody else: to another worker or
 * scheduler that is alive, or to a schedule. With no scheduler alive a young run gets the benefit of
 * the doubt.
 */
export async function mayBeKnownElsewhere(
  connection: QueueConnection,
  run: { readonly plan: string; readonly enqueuedAtMs: number },
): Promise<boolean> {
  const link = linkOf(connection)
  const [schedulers, workers] = await Promise.all([
    livePresences(connection, 'scheduler'),
    livePresences(connection, 'worker'),
  ])
  const others = [...schedulers, ...workers]
  if (others.some(({ plans }) => plans?.includes(run.plan))) return true
  if (await hasSchedule(link, run.plan)) return true
  const canTell = schedulers.some(({ plans }) => plans !== null)
  return !canTell && link.clock.now() - run.enqueuedAtMs < patienceMs
}

async function hasSchedule(link: Link, plan: string): Promise<boolean> {
  for (const queue of await knownQueues(link)) {
    const score = await link.redis.zscore(link.queue(queue).toKey('repeat'), plan)
    if (score !== null) return true
  }
  return false
}
