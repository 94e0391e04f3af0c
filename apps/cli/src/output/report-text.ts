import type { PlanReport, ReportDay } from '@backstream/backup'
import { describeDuration } from '@backstream/config'
import { formatLocalTime } from './local-time.ts'
import type { Paint } from './paint.ts'
import { plainText } from './plain-text.ts'
import { renderTable } from './table.ts'

export interface Report {
  /** Of the installation. */
  readonly name: string
  readonly sinceMs: number
  readonly nowMs: number
  readonly plans: readonly PlanReport[]
  readonly unreachable: readonly { readonly storage: string; readonly message: string }[]
}

const headings = [
  'PLAN',
  'RUNS',
  'BACKUPS',
  'VERIFIED',
  'DRILLS',
  'PRUNED',
  'DAYS',
  'GAPS',
] as const

/** For a terminal or a mail. */
export function reportText(report: Report, paint: Paint): string {
  const { name, sinceMs, nowMs, plans } = report
  const period = `${formatLocalTime(sinceMs)} to ${formatLocalTime(nowMs)}`
  const table = renderTable(
    headings.map((heading) => ({ heading })),
    plans.map((plan) => reportCells(plan)),
  )
  const parts = [
    `${name}: ${period}\n${table || 'no plans\n'}`,
    ...plans.map((plan) => details(plan, paint)),
    ...report.unreachable.map(
      ({ storage, message }) => `${paint.bad('not read')}: storage ${storage}: ${message}\n`,
    ),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

/** A row of the table, in words; the page has the same. */
export function reportCells(plan: PlanReport): string[] {
  const { runs, attempts, backups, verifications, drills, prunings, gaps, days } = plan
  const failed = runs === null ? '?' : runs.failed
  const red = days.filter(({ state }) => state === 'red').length
  const green = days.filter(({ state }) => state === 'green').length
  return [
    plan.plan,
    `${runs?.committed ?? '?'} good, ${failed} failed, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    `${backups.made}${backups.suspect > 0 ? `, ${backups.suspect} suspect` : ''}`,
    `${verifications.verified}${verifications.refuted > 0 ? `, ${verifications.refuted} refuted` : ''}`,
    `${drills.passed}${drills.failed > 0 ? `, ${drills.failed} failed` : ''}${tookOf(drills)}`,
    String(prunings),
    `${green} green, ${red} red`,
    String(gaps.length),
  ]
}

function tookOf({ lastRestoreMs }: PlanReport['drills']): string {
  return lastRestoreMs === null ? '' : ` (${describeDuration(lastRestoreMs)})`
}

function details(plan: PlanReport, paint: Paint): string {
  const lines = [
    ...plan.findings.map(
      ({ kind, backup, words }) =>
        `${paint.bad(kind)}  ${plan.plan}/${backup}: ${plainText(words)}\n`,
    ),
    ...plan.gaps.map(({ from, to }) => {
      const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
      const lasted = describeDuration(toMs - fromMs)
      const when = `${formatLocalTime(fromMs)} to ${formatLocalTime(toMs)}`
      return `${paint.warn('gap')}      ${plan.plan}: no backup within the limit for ${lasted}: ${when}\n`
    }),
  ]
  const calendar = plan.days.length === 0 ? '' : `${calendarOf(plan.days, paint)}\n`
  return `${plan.plan}\n${calendar}${lines.join('')}`
}

/** One letter a day, a month a line: G, R, or a dot for a day of which nobody can tell. */
function calendarOf(days: readonly ReportDay[], paint: Paint): string {
  const letters = { green: paint.good('G'), red: paint.bad('R'), none: '·' }
  const months = Map.groupBy(days, ({ date }) => date.slice(0, 7))
  return [...months]
    .map(([month, own]) => {
      const before = ' '.repeat(Number(own[0]?.date.slice(8)) - 1)
      return `  ${month}  ${before}${own.map(({ state }) => letters[state]).join('')}`
    })
    .join('\n')
}
