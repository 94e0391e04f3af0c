import type { BackupGlance } from './backup-glance.ts'

/** What became of a plan on one day; the best of it counts. */
export type DayMark = 'good' | 'suspect' | 'failed' | 'none'

export interface RecentDay {
  /** `2026-11-23`, by the wall clock asked for. */
  readonly date: string
  readonly mark: DayMark
  readonly backups: number
  readonly failures: number
}

export interface RecentDaysOptions {
  readonly nowMs: number
  readonly days: number
  /** When runs failed for good, as far as anybody remembers. */
  readonly failuresAtMs: readonly number[]
  /** The wall clock, as milliseconds as if that were UTC. */
  readonly localTime: (ms: number) => number
}

/** The last days, oldest first, today among them. A backup belongs to the day it was begun on. */
export function recentDays(
  backups: readonly BackupGlance[],
  options: RecentDaysOptions,
): RecentDay[] {
  const { nowMs, days, localTime } = options
  const dateOf = (ms: number) => new Date(localTime(ms)).toISOString().slice(0, 10)
  const made = Map.groupBy(backups, ({ startedAtMs }) => dateOf(startedAtMs))
  const failed = Map.groupBy(options.failuresAtMs, dateOf)
  const today = Date.parse(dateOf(nowMs))
  return Array.from({ length: days }, (_, at) => {
    const date = new Date(today - (days - 1 - at) * 86_400_000).toISOString().slice(0, 10)
    const ofDay = made.get(date) ?? []
    const failures = failed.get(date)?.length ?? 0
    return { date, mark: markOf(ofDay, failures), backups: ofDay.length, failures }
  })
}

function markOf(backups: readonly BackupGlance[], failures: number): DayMark {
  if (backups.some(({ isGood }) => isGood)) return 'good'
  if (backups.length > 0) return 'suspect'
  return failures > 0 ? 'failed' : 'none'
}
