import { describeDuration, describeSchedule, formatBytes } from '@backstream/config'
import { calendar } from '../charts/calendar.ts'
import { daysInWords } from '../charts/day-strip.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'
import { proofInWords, signedBytes } from '../page/plan-words.ts'
import { stateBadge, stateTones } from '../page/tone.ts'
import { backupsTable } from './backups-table.ts'
import { planCharts } from './plan-charts.ts'
import type { PlanPage } from './read-plan-page.ts'
import { runsTable } from './runs-table.ts'

/** All about one plan; `notice`: what was just done. */
export function renderPlan(page: PlanPage, context: PageContext, notice: HtmlValue = null): string {
  const { plan, row } = page
  const { basePath, say } = context
  const body = html`<p class="crumbs"><a href="${basePath}/">Overview</a></p>
    <h1>${plan.name} ${stateBadge(row.state)}</h1>
    <p class="as-of">${sentence(page)} As of ${say.time(page.asOfMs)}.</p>
    ${notice}
    ${actions(page, context)}
    <section class="card" aria-label="At a glance">${facts(page, context)}</section>
    ${planCharts(page, context)}
    ${days(page)}
    ${backupsTable(page, context)}
    ${runsTable(page, context)}`
  const needs = ['good', 'running', 'disabled'].includes(row.state) ? 0 : 1
  const trouble = { count: needs, tone: stateTones[row.state] }
  return renderPage(context, { title: plan.name, body, trouble, isLive: true })
}

function sentence({ row }: PlanPage): string {
  if (row.state === 'good') return 'All is well.'
  // Not what begins with an address or a path: `s3://…`.
  const words = row.words.replace(/^[a-z]+(?=[ ,])/, (word) => {
    return word.charAt(0).toUpperCase() + word.slice(1)
  })
  return `${words}.`
}

function actions({ plan, row }: PlanPage, { basePath, canAct }: PageContext): HtmlValue {
  if (!canAct) return null
  const at = `${basePath}/plans/${plan.name}`
  return html`<p class="actions">
    <a class="button" href="${at}/run">Run now…</a>
    ${row.newestGood !== null && html`<a class="button quiet" href="${at}/verify">Verify…</a>`}
    ${plan.retention !== null && html`<a class="button quiet" href="${at}/prune">Prune…</a>`}
  </p>`
}

type Fact = readonly [name: string, value: HtmlValue]

function facts(page: PlanPage, { say }: PageContext): Html {
  const { plan, nextMs } = page
  const told: readonly Fact[] = [
    ...factsOfBackups(page, say),
    ['Schedule', plan.schedule ? describeSchedule(plan.schedule) : 'by hand only'],
    ['Next runs', nextRunsOf(nextMs, say)],
    [
      'Reads',
      plan.sources.map(({ kind, at }) => (at === '' ? kind : `${kind} at ${at}`)).join(', '),
    ],
    ['Storage', plan.storage],
    ['Runs on', plan.runsOn ?? 'any worker without a name'],
    [
      'Encrypted',
      plan.encryption ? `to ${counted(plan.encryption.recipients.length, 'key')}` : 'no',
    ],
  ]
  return html`<dl class="facts">${told.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Never "none" of a bucket that nobody could look into. */
function factsOfBackups({ row, nowMs, backups }: PlanPage, say: PageContext['say']): Fact[] {
  const limit = `limit ${row.overdueAfterMs === null ? 'none' : describeDuration(row.overdueAfterMs)}`
  if (backups === null) {
    const names = ['Newest good backup', 'Size', 'In the bucket', 'Proved']
    return names.map((name, at) => [name, at === 0 ? html`not known<br>${limit}` : 'not known'])
  }
  const newest = row.newestGood
  const proof = row.proved && html`${proofInWords(row.proved)} ${say.ago(row.proved.atMs, nowMs)}`
  const change = newest?.changeBytes == null ? '' : ` (${signedBytes(newest.changeBytes)})`
  return [
    [
      'Newest good backup',
      html`${newest ? `${describeDuration(newest.ageMs)} old` : 'none'}<br>${limit}`,
    ],
    ['Size', newest ? `${formatBytes(newest.bytes)}${change}` : '–'],
    ['In the bucket', `${counted(row.backups, 'backup')}, ${formatBytes(row.storedBytes)}`],
    ['Proved', proof ?? 'never'],
  ]
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function nextRunsOf(nextMs: readonly number[], say: PageContext['say']): HtmlValue {
  if (nextMs.length === 0) return 'none'
  return nextMs.slice(0, 3).map((ms) => html`${say.short(ms)}<br>`)
}

function days({ days: shown, row }: PlanPage): HtmlValue {
  if (row.state === 'unknown') return null
  return html`<section aria-labelledby="days">
    <h2 id="days">Half a year</h2>
    <div class="card">${calendar(shown, daysInWords(shown))}
    <p class="legend">${legend('good', 'a good backup')}${legend('suspect', 'suspect only')}${legend('failed', 'failed only')}${legend('none', 'none')}</p></div>
  </section>`
}

function legend(mark: string, words: string): Html {
  return html`<span><svg class="calendar" width="11" height="11" viewBox="0 0 11 11" aria-hidden="true"><rect class="${mark}" width="11" height="11" rx="2"/></svg>${words}</span>`
}
