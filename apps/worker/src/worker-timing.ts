/** How soon a worker that shows no sign of life is given up. */
export interface WorkerTiming {
  /** A run stays its worker's for so long after the last sign of life. */
  readonly lockMs: number
  /** Runs of dead workers are looked for this often. */
  readonly stalledCheckMs: number
  /** A plan stays its run's for so long after the last sign of life. */
  readonly leaseTtlMs: number
}

/**
 * Locks are renewed at half their time: a main thread may stand still for a quarter of a minute, which
 * is far more than it ever should, before its run is anybody's. A dead worker's run begins again within
 * a minute: the lock runs out, and the second look after that takes it. The plan's lease outlasts both,
 * so that the run itself comes back to it before another run of the plan is let in.
 */
export const defaultTiming: WorkerTiming = {
  lockMs: 30_000,
  stalledCheckMs: 15_000,
  leaseTtlMs: 75_000,
}
