import { cell } from '../page/cell.ts'
import { type HtmlValue, html } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'
import { firstVisit } from './first-visit.ts'
import { goingTable } from './going-table.ts'
import { headlineOf } from './headline.ts'
import { plansTable } from './plans-table.ts'
import { queueAlerts, queuesTable } from './queues-table.ts'
import type { Overview } from './read-overview.ts'

/** The whole page: one sentence first, then what needs somebody, worst first. */
export function renderOverview(overview: Overview, context: PageContext): string {
  const headline = headlineOf(overview)
  const hasPlans = overview.plans.length > 0
  const isFirst = !hasPlans && overview.unknownPlans.length === 0
  const body = html`<h1 class="${headline.tone}">${headline.words}</h1>
    <p class="as-of">As of ${context.say.time(overview.asOfMs)}. Backups are read from the manifests in the bucket; runs and schedules from the queue.${underWay(overview)}</p>
    ${queueAlerts(overview)}
    ${hasPlans ? plansTable(overview, context) : isFirst && firstVisit()}
    ${goingTable(overview, context)}
    ${heldPrunes(overview, context)}
    ${unknownPlansTable(overview, context)}
    ${queuesTable(overview, context)}`
  return renderPage(context, {
    title: 'Overview',
    body,
    trouble: headline,
    isLive: true,
    current: 'overview',
  })
}

function underWay({ going }: Overview): HtmlValue {
  const active = going.filter(({ state }) => state === 'active').length
  const inLine = going.length - active
  if (going.length === 0) return null
  return html` <a href="#going">${active} under way, ${inLine} in line</a>.`
}

function heldPrunes({ plans }: Overview, { basePath, canAct }: PageContext): HtmlValue {
  const held = plans.filter(({ heldPrune }) => heldPrune !== null)
  if (held.length === 0) return null
  return html`<section aria-labelledby="held">
    <h2 id="held">Held prunings</h2>
    <p class="hint">More backups would go than may without anybody having agreed. Nothing was removed.</p>
    <table>
      <thead><tr><th>Plan</th><th class="number">Would go</th><th class="number">May go by itself</th><th>Oldest of them</th></tr></thead>
      <tbody>${held.map(
        ({ plan, heldPrune: hold }) => html`<tr>
        <th scope="row"><a href="${basePath}/plans/${plan}">${plan}</a></th>
        ${cell('Would go', hold?.going ?? 0, 'number')}
        ${cell('May go by itself', hold?.limit ?? 0, 'number')}
        ${cell('Oldest of them', html`${hold?.oldest ?? ''}${canAct && html` <a class="button quiet" href="${basePath}/plans/${plan}/prune">Look and confirm…</a>`}`)}
      </tr>`,
      )}</tbody>
    </table>
  </section>`
}

function unknownPlansTable({ unknownPlans }: Overview, { say }: PageContext): HtmlValue {
  if (unknownPlans.length === 0) return null
  return html`<section aria-labelledby="unknown-plans">
    <h2 id="unknown-plans">Unknown to the configuration</h2>
    <p class="hint">They have backups and no plan: nothing is made, pruned or swept. Name one in <code>retired</code> when it is gone on purpose.</p>
    <table>
      <thead><tr><th>Plan</th><th>Storage</th><th class="number">Backups</th><th>Newest</th></tr></thead>
      <tbody>${unknownPlans.map(
        ({ plan, storage, backups, newestFinishedAtMs: ms }) => html`<tr>
        <th scope="row">${plan}</th>
        ${cell('Storage', storage)}
        ${cell('Backups', backups, 'number')}
        ${cell('Newest', ms === null ? 'none' : say.time(ms))}
      </tr>`,
      )}</tbody>
    </table>
  </section>`
}
