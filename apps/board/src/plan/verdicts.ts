import {
  applyRetention,
  type BackupGlance,
  type RetentionVerdict,
  retentionBackupOf,
} from '@backstream/backup'
import { localTime, type Plan } from '@backstream/config'

/** What retention says of each backup now, by id; empty where the plan keeps everything. */
export function verdictsOf(
  { retention }: Plan,
  glances: readonly BackupGlance[],
  nowMs: number,
): ReadonlyMap<string, RetentionVerdict> {
  if (retention === null) return new Map()
  const history = glances.map((glance) => retentionBackupOf(glance, nowMs))
  const { timezone } = retention
  const clock = { nowMs, localTime: (ms: number) => localTime(timezone, ms) }
  const verdicts = applyRetention(history, retention, clock)
  return new Map(verdicts.map((verdict) => [verdict.backup, verdict]))
}
