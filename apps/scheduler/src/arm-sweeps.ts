import { createHash } from 'node:crypto'
import type { Clock, Logger } from '@backstream/kernel'
import type { RunProducer } from '@backstream/queue'
import { type Arm, armRegularly } from './arm-regularly.ts'

/** Often enough that what is seen twice goes within a day and a half of its run's end. */
export const sweepEveryMs: number = 6 * 3_600_000

/**
 * Sees to it that the next sweep of each plan stands in the queue, at a time of the day of its own.
 *
 * Asked for again and again, by any number of schedulers: a sweep has its plan and its time for an id,
 * so that each is there once, and one whose time came while no scheduler ran is done all the same.
 */
export function createSweepArmer(deps: {
  readonly producer: Pick<RunProducer, 'enqueueSweep'>
  readonly clock: Clock
  readonly logger: Logger
}): Arm {
  const { producer, clock } = deps
  return armRegularly({ ...deps, what: 'sweeps' }, async ({ plans }) => {
    for (const { name } of plans) {
      await producer.enqueueSweep({ plan: name, dueAtMs: nextSweepAt(name, clock.now()) })
    }
  })
}

/** Strictly after `nowMs`; the offset follows from the name, so that not all sweep at once. */
export function nextSweepAt(plan: string, nowMs: number): number {
  const offset = createHash('sha256').update(plan).digest().readUInt32BE(0) % sweepEveryMs
  return (Math.floor((nowMs - offset) / sweepEveryMs) + 1) * sweepEveryMs + offset
}
