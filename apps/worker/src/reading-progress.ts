import type { RunProgress } from '@backstream/jobs'
import type { Clock } from '@backstream/kernel'

/** What to report of a backup that is read back, by how much of it has been read. */
export function createReadingProgress(
  phase: Extract<RunProgress['phase'], 'verifying' | 'restoring'>,
  bytesTotal: number,
  clock: Clock,
): (bytesRead: number, entries?: number) => RunProgress {
  const startedMs = clock.monotonicMs()
  return (bytesRead, entries = 0) => {
    const seconds = (clock.monotonicMs() - startedMs) / 1000
    const bytesPerSecond = seconds > 0 ? Math.round(bytesRead / seconds) : 0
    const left = bytesTotal - bytesRead
    return {
      ...{ phase, bytesRead, bytesStored: 0, entries, bytesTotal, bytesPerSecond },
      percent: bytesTotal === 0 ? null : (100 * bytesRead) / bytesTotal,
      etaSeconds: bytesPerSecond === 0 ? null : Math.ceil(left / bytesPerSecond),
    }
  }
}
