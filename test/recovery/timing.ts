/**
 * The times of workers and schedulers, in the proportions of a real installation but ten times and
 * more shorter: what is shown is that a dead worker's run is found, not how long that takes.
 */
export const workerTiming: {
  readonly lockMs: number
  readonly stalledCheckMs: number
  readonly leaseTtlMs: number
} = { lockMs: 2_500, stalledCheckMs: 1_000, leaseTtlMs: 5_000 }

/** How long runs may go on after SIGTERM. */
export const graceMs = 2_000

export const schedulerPace: {
  readonly reconcileMs: number
  readonly removeAfterMs: number
  readonly lookAtFileMs: number
} = { reconcileMs: 1_000, removeAfterMs: 10_000, lookAtFileMs: 2_000 }

/** Of the plans; both must be longer than any pause of a busy machine. */
export const idleSeconds = 5
