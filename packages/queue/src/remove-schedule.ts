import type { WantedSchedule } from './arm-schedule.ts'
import type { Link } from './open-connection.ts'
import { detachDueRun, jobAt } from './read-schedule.ts'
import { scheduledJobId } from './run-summary.ts'

/**
 * Removes a schedule and the run it has armed. Where the plan has only moved to another queue, which
 * must be armed by now, a run that is due goes with it, as a catch-up under the same id.
 */
export async function removeSchedule(
  link: Link,
  at: { readonly queue: string; readonly plan: string; readonly moved: WantedSchedule | null },
): Promise<void> {
  const { plan, moved } = at
  if (moved) {
    const dueAtMs = await detachDueRun(link, at, link.clock.now())
    if (dueAtMs !== null) await carryOver(link, at.queue, { dueAtMs, to: moved })
  }
  const queue = link.queue(at.queue)
  await queue.removeJobScheduler(plan)
  // What is left when the run was detached; a stalled run would be taken for a schedule's by it.
  await link.redis.del(queue.toKey(`repeat:${plan}`))
}

/** First there, then here: in between the run exists twice, which the plan's lease bears; never not at all. */
async function carryOver(
  link: Link,
  from: string,
  run: { readonly dueAtMs: number; readonly to: WantedSchedule },
): Promise<void> {
  const { dueAtMs, to } = run
  const there = await link.queue(to.queue).add(
    'backup.run',
    { ...to.data, trigger: 'catchup' },
    // The id it would have there: a run of that time that exists already is not added again.
    { ...to.options, jobId: scheduledJobId(to.plan, dueAtMs) },
  )
  const here = await jobAt(link, { queue: from, plan: to.plan }, dueAtMs)
  try {
    await here?.remove()
  } catch {
    // A worker of the old queue was quicker: the run is its.
    await there.remove().catch((error: unknown) => {
      link.logger.debug({ plan: to.plan, err: error }, 'the run was begun in both queues')
    })
  }
}
