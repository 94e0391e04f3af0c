import type { PlanStatus } from '@backstream/backup'
import { describeDuration } from '@backstream/config'

/**
 * When a backup of the plan was last opened, with its key where it has one, and how long a drill took:
 * `opened 2d ago, drill 12s`. `never` for a plan of whose backups nobody has seen the inside.
 */
export function proofInWords(
  { openedAtMs, drill }: Pick<PlanStatus, 'openedAtMs' | 'drill'>,
  nowMs: number,
): string {
  const ago = (ms: number) => `${describeDuration(Math.max(0, nowMs - ms))} ago`
  const opened = openedAtMs === null ? 'never' : `opened ${ago(openedAtMs)}`
  if (!drill) return opened
  const took = `drill ${describeDuration(drill.restoreMs)}`
  return `${opened}, ${drill.isPassed ? took : `drill FAILED ${ago(drill.atMs)}`}`
}
