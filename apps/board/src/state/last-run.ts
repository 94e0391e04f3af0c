import type { LastRun } from '@backstream/backup'
import type { RunSummary } from '@backstream/queue'

/** A run as the overview tells of it. */
export function lastRunOf(run: RunSummary): LastRun {
  const atMs = run.finishedAtMs ?? run.startedAtMs ?? run.createdAtMs
  switch (run.state) {
    case 'failed':
      return { outcome: 'failed', atMs, cause: run.failedReason }
    case 'completed':
      return run.result === null || run.result.outcome === 'committed'
        ? { outcome: 'committed', atMs, cause: null }
        : { outcome: run.result.outcome, atMs, cause: run.result.reason }
    case 'active':
      return { outcome: 'running', atMs, cause: null }
    default:
      // Between two attempts the reason of the last one is what there is to say.
      return { outcome: 'waiting', atMs, cause: run.failedReason }
  }
}
