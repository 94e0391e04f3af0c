import type { Metrics } from '@backstream/runtime/metrics'
import type { Overview, PlanOverviewRow } from './overview/read-overview.ts'

/** Sets the gauges anew from what is known now, so that nothing that is gone stays green. */
export function setGauges(metrics: Metrics, overview: Overview): void {
  metrics.forgetPlans()
  metrics.workers.reset()
  for (const row of overview.plans) setPlan(metrics, row)
  for (const { queue, workers } of overview.queues ?? []) metrics.workers.set({ queue }, workers)
}

function setPlan({ plan: gauges }: Metrics, row: PlanOverviewRow): void {
  const { plan, newestGood, lastRun, nextRunMs, overdueAfterMs } = row
  if (nextRunMs !== null) gauges.nextRun.set({ plan }, nextRunMs / 1000)
  if (overdueAfterMs !== null) gauges.overdueAfter.set({ plan }, overdueAfterMs / 1000)
  if (lastRun?.outcome === 'committed' || lastRun?.outcome === 'failed') {
    gauges.lastRun.set({ plan }, lastRun.atMs / 1000)
    gauges.lastRunSuccess.set({ plan }, lastRun.outcome === 'committed' ? 1 : 0)
  }
  // An unreachable bucket tells nothing: no figure is better than the last green one.
  if (row.state === 'unknown') return
  gauges.backups.set({ plan, state: 'good' }, row.backups - row.suspects)
  gauges.backups.set({ plan, state: 'suspect' }, row.suspects)
  gauges.storedBytes.set({ plan }, row.storedBytes)
  if (row.proved !== null && row.proved.how !== 'drill') {
    gauges.lastVerified.set({ plan, depth: row.proved.how }, row.proved.atMs / 1000)
  }
  // One that failed is told of by an alarm; what these promise is a restore that was seen.
  if (row.drill?.isPassed) {
    gauges.lastDrill.set({ plan }, row.drill.atMs / 1000)
    gauges.lastDrillDuration.set({ plan }, row.drill.restoreMs / 1000)
  }
  if (newestGood !== null) gauges.lastSuccess.set({ plan }, newestGood.finishedAtMs / 1000)
  // Also of a plan that never had a backup; without a limit, or a memory of since when, of none.
  if (overdueAfterMs !== null && row.isOverdue !== null) {
    gauges.overdue.set({ plan }, row.isOverdue ? 1 : 0)
  }
}
