import type { PlanReportInput } from './plan-report.ts'

/** One calendar day of the plan's time zone. */
export interface ReportDay {
  /** `2026-11-28` */
  readonly date: string
  /**
   * `green`: at every moment of it there was a good backup within the limit. `red`: at some moment there
   * was none. `none`: before the first backup, or nothing says how old one may be.
   */
  readonly state: 'green' | 'red' | 'none'
  /** Good backups that finished on it. */
  readonly backups: number
}

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

const dayMs = 86_400_000

/** The days of the period, and the times in it without a good backup within the limit. */
export function reportDays(
  input: Omit<PlanReportInput, 'evidence' | 'runs'> & {
    /** When good backups finished, oldest first. */
    readonly goodAtMs: readonly number[]
  },
): {
  readonly days: ReportDay[]
  readonly gaps: { readonly from: string; readonly to: string }[]
} {
  const { sinceMs, nowMs, goodAtMs, localTime } = input
  const gaps = gapsOf(input)
  const first = goodAtMs[0]
  const days: ReportDay[] = []
  const lastDay = Math.floor(localTime(nowMs) / dayMs)
  for (let day = Math.floor(localTime(sinceMs) / dayMs); day <= lastDay; day++) {
    const isOn = (ms: number) => Math.floor(localTime(ms) / dayMs) === day
    const backups = goodAtMs.filter(isOn).length
    const isKnown = first !== undefined && Math.floor(localTime(first) / dayMs) <= day
    const isRed = gaps.some(
      ({ fromMs, toMs }) =>
        Math.floor(localTime(fromMs) / dayMs) <= day && day <= Math.floor(localTime(toMs) / dayMs),
    )
    const canTell = isKnown && (input.overdueAfterMs !== null || backups > 0)
    days.push({
      date: new Date(day * dayMs).toISOString().slice(0, 10),
      state: isRed ? 'red' : canTell ? 'green' : 'none',
      backups,
    })
  }
  const iso = (ms: number) => new Date(ms).toISOString()
  return { days, gaps: gaps.map(({ fromMs, toMs }) => ({ from: iso(fromMs), to: iso(toMs) })) }
}

/** From the moment a good backup is too old until the next one, within the period. */
function gapsOf(input: Parameters<typeof reportDays>[0]): Span[] {
  const { sinceMs, nowMs, goodAtMs, overdueAfterMs } = input
  if (overdueAfterMs === null) return []
  return goodAtMs.flatMap((finishedAtMs, at) => {
    const fromMs = Math.max(sinceMs, finishedAtMs + overdueAfterMs)
    const toMs = Math.min(nowMs, goodAtMs[at + 1] ?? nowMs)
    return fromMs < toMs ? [{ fromMs, toMs }] : []
  })
}
