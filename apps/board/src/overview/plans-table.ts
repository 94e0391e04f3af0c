import { describeDuration, formatBytes } from '@backstream/config'
import type { RunProgress } from '@backstream/jobs'
import type { RunSummary } from '@backstream/queue'
import { dayStrip } from '../charts/day-strip.ts'
import { meter } from '../charts/meter.ts'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import { proofInWords, runOutcomes, signedBytes, wholeBytes } from '../page/plan-words.ts'
import { stateBadge } from '../page/tone.ts'
import type { Overview, PlanOverviewRow } from './read-overview.ts'

interface Row extends PageContext {
  readonly row: PlanOverviewRow
  readonly nowMs: number
  readonly isQueueKnown: boolean
  readonly going: RunSummary | undefined
}

/** One row a plan, in the order it is given. */
export function plansTable({ plans, nowMs, queues, going }: Overview, context: PageContext): Html {
  const isQueueKnown = queues !== null
  const runs = new Map(going.map((run) => [run.ref.plan, run]))
  return html`<section aria-labelledby="plans">
    <h2 id="plans">Plans</h2>
    <table class="plans">
      <thead><tr><th>State</th><th>Plan</th><th>Newest good backup</th><th>Last run</th><th>Next run</th><th>Size</th><th>Proved</th><th>30 days</th></tr></thead>
      <tbody>${plans.map((row) => planRow({ ...context, row, nowMs, isQueueKnown, going: runs.get(row.plan) }))}</tbody>
    </table>
  </section>`
}

function planRow(at: Row): Html {
  const { row, basePath } = at
  return html`<tr>
    ${cell('State', stateBadge(row.state))}
    <th scope="row"><a href="${basePath}/plans/${row.plan}">${row.plan}</a></th>
    ${cell('Newest good', newestGood(at))}
    ${cell('Last run', lastRun(at))}
    ${cell('Next run', nextRun(at))}
    ${cell('Size', size(row))}
    ${cell('Proved', proved(at))}
    ${cell('30 days', row.state === 'unknown' ? muted('not known') : dayStrip(row.days))}
  </tr>`
}

function newestGood({ row, say }: Row): HtmlValue {
  if (row.state === 'unknown') return html`not known<small class="cause">${row.words}</small>`
  const { newestGood: newest, overdueAfterMs: limitMs } = row
  const limit = limitMs === null ? 'no limit' : `limit ${describeDuration(limitMs)}`
  const unreadable =
    row.unreadable > 0 && html`<small class="cause">${row.unreadable} cannot be read</small>`
  const suspect = row.state === 'suspect' && html`<small class="cause">${row.words}</small>`
  if (newest === null) {
    const late = row.state === 'overdue' && html`<small class="cause">${row.words}</small>`
    return html`none<small>${limit}</small>${late}${suspect}${unreadable}`
  }
  const { ageMs, finishedAtMs } = newest
  const tone = row.state === 'overdue' ? 'bad' : 'good'
  return html`<b>${describeDuration(ageMs)} old</b>, ${limit}${limitMs !== null && row.state !== 'disabled' && meter(ageMs / limitMs, tone)}<small>${say.short(finishedAtMs)}</small>${suspect}${unreadable}`
}

function lastRun({ row, going, say, nowMs, isQueueKnown }: Row): HtmlValue {
  const { lastRun: run } = row
  const progress = going?.state === 'active' ? going.progress : null
  if (progress) return underWay(progress)
  if (run === null) return muted(isQueueKnown ? 'none remembered' : 'not known')
  const cause = run.cause !== null && html`<small class="cause">${run.cause}</small>`
  return html`<span class="${run.outcome === 'failed' ? 'cause' : ''}">${runOutcomes[run.outcome]}</span> ${say.ago(run.atMs, nowMs)}${cause}`
}

function underWay({ percent, bytesRead, etaSeconds }: RunProgress): Html {
  const left = etaSeconds === null ? '' : `, ${describeDuration(etaSeconds * 1000)} left`
  if (percent === null) return html`${formatBytes(bytesRead)} read`
  return html`${percent} % read${left}${meter(percent / 100, 'busy')}`
}

function nextRun({ row: { nextRunMs, isScheduled }, say, nowMs, isQueueKnown }: Row): HtmlValue {
  if (nextRunMs === null) {
    const words = isScheduled ? 'not armed: is a scheduler running?' : 'by hand only'
    return muted(isQueueKnown ? words : 'not known')
  }
  const aheadMs = nextRunMs - nowMs
  const words =
    aheadMs > 0 ? `in ${describeDuration(aheadMs)}` : `due for ${describeDuration(-aheadMs)}`
  return html`${words}<small>${say.short(nextRunMs)}</small>`
}

function size({ newestGood: newest, backups, storedBytes }: PlanOverviewRow): HtmlValue {
  if (newest === null) return muted('–')
  const change = newest.changeBytes === null ? 'the first' : signedBytes(newest.changeBytes)
  return html`<b>${wholeBytes(newest.bytes)}</b><small>${change}</small><small>${backups} kept, ${wholeBytes(storedBytes)}</small>`
}

function proved({ row, say, nowMs }: Row): HtmlValue {
  if (row.state === 'unknown') return muted('not known')
  if (row.proved === null) return muted('never')
  const { atMs, tookMs, isRefuted } = row.proved
  const took = tookMs === null ? '' : `, in ${describeDuration(tookMs)}`
  const words = proofInWords(row.proved)
  return html`<span class="${isRefuted ? 'cause' : ''}">${words}</span><small>${say.ago(atMs, nowMs)}${took}</small>${recovery(row)}`
}

/** The measured recovery time, where a newer proof stands in the drill's place. */
function recovery({ proved, drill }: PlanOverviewRow): HtmlValue {
  if (!drill || proved?.how === 'drill') return ''
  const words = drill.isPassed ? `restored in ${describeDuration(drill.restoreMs)}` : 'FAILED'
  return html`<small>last drill: ${words}</small>`
}

function muted(words: string): Html {
  return html`<span class="muted">${words}</span>`
}
