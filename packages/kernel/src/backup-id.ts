/**
 * A backup's id: UTC start and the fence, `20261123T031500Z-000042`.
 *
 * Unique within its plan because no fence is drawn twice; sorts by time as text.
 */
export interface BackupId {
  readonly startedAtMs: number
  readonly fence: number
}

const pattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-(\d{6,15})$/

/** `startedAtMs` is cut to whole seconds; `fence` is a positive integer. */
export function formatBackupId(id: BackupId): string {
  const utc = new Date(id.startedAtMs).toISOString().slice(0, 19).replace(/[-:]/g, '')
  return `${utc}Z-${String(id.fence).padStart(6, '0')}`
}

/** Returns undefined for text that is not exactly what `formatBackupId` writes. */
export function parseBackupId(text: string): BackupId | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fence] = match.map(Number)
  const startedAtMs = Date.UTC(
    year ?? 0,
    (month ?? 1) - 1,
    day ?? 1,
    hour ?? 0,
    minute ?? 0,
    second ?? 0,
  )
  const id = { startedAtMs, fence: fence ?? 0 }
  return formatBackupId(id) === text ? id : undefined
}
