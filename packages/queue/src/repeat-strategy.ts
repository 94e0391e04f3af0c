import type { RepeatStrategy } from 'bullmq'
import { nextOfPattern } from './plan-schedule.ts'

/**
 * When a job scheduler's next run is due: strictly after `millis` and, when one is set, after
 * `startDate`. The one implementation behind every Queue and Worker.
 *
 * Never throws: BullMQ would leave the run that is just being started neither running nor waiting.
 * A pattern nobody can read yields no next run; the scheduler app finds that and arms it again.
 */
export const repeatStrategy: RepeatStrategy = (millis, { pattern, startDate }) => {
  if (pattern === undefined) return undefined
  const notBefore = startDate === undefined ? millis : Number(new Date(startDate))
  try {
    return nextOfPattern(pattern, Math.max(millis, notBefore))
  } catch {
    // Told by the absence of a next run, which is looked for all the time.
    return undefined
  }
}
