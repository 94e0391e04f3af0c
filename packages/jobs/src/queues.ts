/** The queues of an installation: `backups`, one `backups.<name>` per named worker, `maintenance`. */
export const backupsQueue = 'backups'
export const maintenanceQueue = 'maintenance'

/** The queue that serves a plan: that of its worker, or the common one. */
export function queueOfPlan(plan: { readonly runsOn: string | null }): string {
  return plan.runsOn === null || plan.runsOn === 'any'
    ? backupsQueue
    : `${backupsQueue}.${plan.runsOn}`
}

/** The queue of what keeps backups in order: that of the worker that was named for it. */
export function queueOfUpkeep(runsOn: string | null): string {
  return runsOn === null ? maintenanceQueue : `${backupsQueue}.${runsOn}`
}
