import type { QueueCounts } from '@backstream/queue'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import { badge } from '../page/tone.ts'
import type { Overview } from './read-overview.ts'

/** What keeps runs from starting, whatever the plans' states are. */
export function queueAlerts({ queues }: Overview): HtmlValue {
  if (queues === null) {
    return html`<p class="alert bad" role="alert">Redis did not answer: nothing is known of runs, schedules and workers.</p>`
  }
  return queues.map(queueAlert)
}

function queueAlert({ queue, isPaused, workers, waiting }: QueueCounts): HtmlValue {
  if (isPaused) {
    return html`<p class="alert bad" role="alert">Queue <b>${queue}</b> is paused: none of its runs start until it is resumed.</p>`
  }
  if (workers > 0 || waiting === 0) return null
  return html`<p class="alert warn" role="alert">Queue <b>${queue}</b> has no worker: ${waiting} ${waiting === 1 ? 'run waits' : 'runs wait'}.</p>`
}

export function queuesTable({ queues }: Overview, context: PageContext): HtmlValue {
  if (queues === null || queues.length === 0) return null
  return html`<section aria-labelledby="queues">
    <h2 id="queues">Queues</h2>
    <table>
      <thead><tr><th>State</th><th>Queue</th><th class="number">Workers</th><th class="number">Under way</th><th class="number">Waiting</th><th class="number">Failed</th></tr></thead>
      <tbody>${queues.map((queue) => queueRow(queue, context))}</tbody>
    </table>
  </section>`
}

function queueRow(counts: QueueCounts, { basePath }: PageContext): Html {
  const { queue, workers, active, waiting, failed } = counts
  return html`<tr>
    ${cell('State', queueBadge(counts))}
    <th scope="row"><a href="${basePath}/queues/queue/${encodeURIComponent(queue)}">${queue}</a></th>
    ${cell('Workers', workers, 'number')}
    ${cell('Under way', active, 'number')}
    ${cell('Waiting', waiting, 'number')}
    ${cell('Failed', failed, 'number')}
  </tr>`
}

function queueBadge({ isPaused, workers }: QueueCounts): Html {
  if (isPaused) return badge('bad', 'paused')
  if (workers === 0) return badge('warn', 'no worker')
  return badge('good', 'served')
}
