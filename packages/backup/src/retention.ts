/**
 * Which backups of a plan a retention policy keeps. Pure: the same history and policy give the same
 * answer on every machine.
 *
 * Of each period the first good backup is kept, not the last: it stays the one to keep whatever
 * comes later, so a backup that a month will need is never removed by the rule for its days. Periods
 * without a good backup do not count, so that an outage does not age the others out.
 */
import { byFenceDescending } from './plan-history.ts'

/** What to keep; a backup that any rule names is kept. */
export interface RetentionPolicy {
  readonly keepLast?: number
  readonly keepHourly?: number
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
  readonly keepYearly?: number
  /** Counted back from the newest good backup, so that nothing expires while backups fail. */
  readonly keepWithinMs?: number
}

export interface RetentionBackup {
  readonly backup: string
  /** When its source was read. */
  readonly startedAtMs: number
  /** Counts as a backup: neither suspect nor refuted. */
  readonly isGood: boolean
  /** Why it must stay whatever the policy says: `pinned`, `locked until …`. */
  readonly holds: readonly string[]
}

export interface RetentionVerdict {
  readonly backup: string
  readonly isKept: boolean
  /** Every rule that keeps it, or the one reason why none does. */
  readonly reasons: readonly string[]
}

export interface RetentionClock {
  readonly nowMs: number
  /** The wall clock of the policy's time zone, as milliseconds as if that were UTC. */
  readonly localTime: (ms: number) => number
}

/**
 * One verdict a backup, newest first.
 *
 * The newest good backup is always kept. One that is not good never takes the place of a good one,
 * and is kept as long as the policy would keep it were it accepted. Without a good backup all are kept.
 */
export function applyRetention(
  history: readonly RetentionBackup[],
  policy: RetentionPolicy,
  { nowMs, localTime }: RetentionClock,
): RetentionVerdict[] {
  const clock = { nowMs, localTime: askOnce(localTime) }
  const backups = history.toSorted((a, b) => byFenceDescending(a.backup, b.backup))
  const good = backups.filter(({ isGood }) => isGood)
  const reasons = keptBy(good, policy, clock)
  const ifAccepted = keptBy(backups, policy, clock)
  return backups.map(({ backup, isGood, holds }, position) => {
    const why = [
      ...holds,
      ...(isGood ? (reasons.get(backup) ?? []) : shadow(ifAccepted.get(backup))),
      ...(backup === good[0]?.backup ? ['newest good'] : []),
      ...(position < newerThanGood(backups) ? ['newer than every good one'] : []),
    ]
    const isKept = why.length > 0
    return { backup, isKept, reasons: isKept ? why : ['no rule keeps it'] }
  })
}

/** Every rule asks for the same times, and time zones are slow to ask. */
function askOnce(localTime: RetentionClock['localTime']): RetentionClock['localTime'] {
  const answers = new Map<number, number>()
  return (ms) => {
    const answer = answers.get(ms) ?? localTime(ms)
    answers.set(ms, answer)
    return answer
  }
}

/** How many of the newest are not good: they may be all there is of the last days. */
function newerThanGood(backups: readonly RetentionBackup[]): number {
  const first = backups.findIndex(({ isGood }) => isGood)
  return first === -1 ? backups.length : first
}

function shadow(reasons: readonly string[] | undefined): string[] {
  return reasons && reasons.length > 0 ? [`not good, but would be ${reasons[0]}`] : []
}

const periods = [
  ['keepHourly', 'hourly', hourOf],
  ['keepDaily', 'daily', dayOf],
  ['keepWeekly', 'weekly', weekOf],
  ['keepMonthly', 'monthly', monthOf],
  ['keepYearly', 'yearly', yearOf],
] as const

/** Names of the rules that keep each backup. `backups` newest first. */
function keptBy(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  clock: RetentionClock,
): Map<string, string[]> {
  const kept = new Map<string, string[]>()
  const keep = ({ backup }: RetentionBackup, rule: string) =>
    kept.set(backup, [...(kept.get(backup) ?? []), rule])
  backups
    .slice(0, policy.keepLast ?? 0)
    .forEach((backup, at) => void keep(backup, `last ${at + 1}`))
  for (const [key, name, periodOf] of periods) {
    const count = policy[key] ?? 0
    if (count === 0) continue
    const first = firstOfEach(backups, count, (ms) => periodOf(ms, clock.localTime(ms)))
    for (const [period, backup] of first) keep(backup, `${name} ${period}`)
  }
  const [newest] = backups
  if (policy.keepWithinMs === undefined || !newest) return kept
  // A clock that ran ahead once must not make all others look old.
  const since = Math.min(newest.startedAtMs, clock.nowMs) - policy.keepWithinMs
  for (const backup of backups) if (backup.startedAtMs >= since) keep(backup, 'within')
  return kept
}

/** The first backup of each of the newest `count` periods that have one. */
function firstOfEach(
  backups: readonly RetentionBackup[],
  count: number,
  periodOf: (ms: number) => string,
): Map<string, RetentionBackup> {
  const first = new Map<string, RetentionBackup>()
  for (const backup of backups) {
    const period = periodOf(backup.startedAtMs)
    // Older ones come later and take the place; a period beyond the count never gets one.
    if (first.has(period) || first.size < count) first.set(period, backup)
  }
  return first
}

/** Hours are real ones: the one that daylight saving shows twice is two. */
function hourOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 13)}Z`
}
function dayOf(_ms: number, localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 10)
}
/** Weeks begin on Monday, and are named by it. */
function weekOf(ms: number, localMs: number): string {
  const daysSinceMonday = (new Date(localMs).getUTCDay() + 6) % 7
  return `of ${dayOf(ms, localMs - daysSinceMonday * 86_400_000)}`
}
function monthOf(_ms: number, localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 7)
}
function yearOf(_ms: number, localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 4)
}
