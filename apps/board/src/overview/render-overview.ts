import { needsAttention, type PlanState } from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import type { QueueCounts } from '@backstream/queue'
import { type Html, type HtmlValue, html } from './html.ts'
import type { Overview, PlanOverviewRow, UnknownPlan } from './read-overview.ts'
import { createSayTime } from './say-time.ts'

export interface RenderOptions {
  readonly installation: string
  /** Without a slash at its end. */
  readonly basePath: string
  readonly timeZone: string | undefined
  readonly version: string
  /** Plan → queue. */
  readonly queueOfPlan: ReadonlyMap<string, string>
}

type Say = (ms: number) => string
interface Page extends RenderOptions {
  readonly overview: Overview
  readonly sayTime: Say
}

/** The whole page, without scripts. */
export function renderOverview(overview: Overview, options: RenderOptions): string {
  const page: Page = { ...options, overview, sayTime: createSayTime(options.timeZone) }
  const { installation, basePath } = options
  const body = html`<header class="top">
      <a class="brand" href="${basePath}/"><img src="${basePath}/assets/icon.svg" alt="" width="28" height="28"> Backstream <span class="muted">${installation}</span></a>
      <nav aria-label="Board">
        <a href="${basePath}/" aria-current="page">Overview</a>
        <a href="${basePath}/queues/">Runs</a>
        <a href="${basePath}/queues/job-schedulers">Schedules</a>
        <a href="${basePath}/metrics">Metrics</a>
      </nav>
    </header>
    <main>
      <h1 class="${headlineTone(overview)}">${headline(overview)}</h1>
      <p class="as-of">As of ${time(page, overview.asOfMs)}. Backups are read from the manifests in the bucket; runs and schedules from the queue.</p>
      ${queueAlerts(overview)}
      ${plansTable(page)}
      ${unknownPlansTable(page)}
      ${queuesTable(page)}
    </main>
    <footer class="muted">Backstream ${options.version}</footer>`
  return String(html`${doctype}<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${troubleCount(overview)}Backstream · ${installation}</title>
  <link rel="icon" type="image/svg+xml" href="${basePath}/assets/icon.svg">
  <link rel="stylesheet" href="${basePath}/assets/board.css">
</head>
<body>
${body}
</body>
</html>
`)
}

const doctype = html`<!doctype html>
`

function headline({ plans }: Overview): string {
  const troubled = plans.filter(needsAttention)
  const [worst] = troubled
  if (plans.length === 0) return 'No plan is configured.'
  if (worst === undefined) {
    return plans.length === 1 ? 'The one plan is well.' : `All ${plans.length} plans are well.`
  }
  const verb = troubled.length === 1 ? 'needs' : 'need'
  return `${troubled.length} of ${plans.length} ${plans.length === 1 ? 'plan' : 'plans'} ${verb} you. Worst: ${worst.plan}, ${stateWords[worst.state]}.`
}

function headlineTone({ plans }: Overview): string {
  const [worst] = plans.filter(needsAttention)
  return worst === undefined ? 'well' : tones[worst.state]
}

function troubleCount({ plans }: Overview): string {
  const count = plans.filter(needsAttention).length
  return count === 0 ? '' : `(${count}) `
}

const stateWords: Readonly<Record<PlanState, string>> = {
  unknown: 'unknown',
  failed: 'failed',
  overdue: 'overdue',
  suspect: 'suspect',
  never: 'no backup yet',
  running: 'running',
  good: 'good',
  disabled: 'disabled',
}

const tones: Readonly<Record<PlanState, string>> = {
  unknown: 'warn',
  failed: 'bad',
  overdue: 'bad',
  suspect: 'warn',
  never: 'warn',
  running: 'busy',
  good: 'good',
  disabled: 'off',
}

function plansTable(page: Page): Html {
  return html`<section aria-labelledby="plans">
    <h2 id="plans">Plans</h2>
    <table class="plans">
      <thead><tr><th>State</th><th>Plan</th><th>Newest good backup</th><th>Last run</th><th>Next run</th></tr></thead>
      <tbody>${page.overview.plans.map((row) => planRow(page, row))}</tbody>
    </table>
  </section>`
}

function planRow(page: Page, row: PlanOverviewRow): Html {
  const queue = page.queueOfPlan.get(row.plan)
  const link = queue && `${page.basePath}/queues/queue/${encodeURIComponent(queue)}`
  return html`<tr>
    <td data-label="State"><span class="state ${tones[row.state]}">${stateWords[row.state]}</span></td>
    <th scope="row">${link ? html`<a href="${link}">${row.plan}</a>` : row.plan}</th>
    <td data-label="Newest good">${newestGood(page, row)}</td>
    <td data-label="Last run">${lastRun(page, row)}</td>
    <td data-label="Next run">${nextRun(page, row)}</td>
  </tr>`
}

function newestGood(page: Page, row: PlanOverviewRow): HtmlValue {
  if (row.state === 'unknown') return html`not known<small>${row.words}</small>`
  const limit =
    row.overdueAfterMs === null ? 'no limit' : `limit ${describeDuration(row.overdueAfterMs)}`
  if (row.newestGood === null) return html`none<small>${limit}</small>`
  const { ageMs, finishedAtMs, bytes, storedBytes } = row.newestGood
  return html`${describeDuration(ageMs)} old, ${limit}<small>${time(page, finishedAtMs)}</small><small>${formatBytes(bytes)}, stored as ${formatBytes(storedBytes)}</small>`
}

const outcomes = {
  committed: 'made a backup',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
  running: 'under way',
  waiting: 'waiting for a worker',
} as const

function lastRun(page: Page, { lastRun: run }: PlanOverviewRow): HtmlValue {
  if (run === null) return html`<span class="muted">${unlessKnown(page, 'none remembered')}</span>`
  return html`<span class="${run.outcome === 'failed' ? 'cause bad' : ''}">${outcomes[run.outcome]}</span>${run.cause !== null && html`<small class="cause">${run.cause}</small>`}<small>${time(page, run.atMs)}</small>`
}

function nextRun(page: Page, { isScheduled, nextRunMs }: PlanOverviewRow): HtmlValue {
  if (nextRunMs === null) {
    const words = isScheduled ? 'not armed: is a scheduler running?' : 'by hand only'
    return html`<span class="muted">${unlessKnown(page, words)}</span>`
  }
  const aheadMs = nextRunMs - page.overview.asOfMs
  const words =
    aheadMs > 0 ? `in ${describeDuration(aheadMs)}` : `due for ${describeDuration(-aheadMs)}`
  return html`${words}<small>${time(page, nextRunMs)}</small>`
}

/** Runs and schedules are the queue's to tell. */
function unlessKnown({ overview }: Page, words: string): string {
  return overview.queues === null ? 'not known' : words
}

function time(page: Page, ms: number): Html {
  return html`<time datetime="${new Date(ms).toISOString()}">${page.sayTime(ms)}</time>`
}

function queueAlerts({ queues }: Overview): HtmlValue {
  if (queues === null) {
    return html`<p class="alert bad">Redis did not answer: nothing is known of the queues.</p>`
  }
  return queues.map(queueAlert)
}

function queueAlert({ queue, isPaused, workers, waiting }: QueueCounts): HtmlValue {
  if (isPaused) {
    return html`<p class="alert bad">Queue <b>${queue}</b> is paused: none of its runs start until it is resumed.</p>`
  }
  if (workers > 0 || waiting === 0) return null
  return html`<p class="alert warn">Queue <b>${queue}</b> has no worker: ${waiting} ${waiting === 1 ? 'run waits' : 'runs wait'}.</p>`
}

function unknownPlansTable(page: Page): HtmlValue {
  const { unknownPlans } = page.overview
  if (unknownPlans.length === 0) return null
  return html`<section aria-labelledby="unknown-plans">
    <h2 id="unknown-plans">Unknown to the configuration</h2>
    <p class="muted">They have backups and no plan: nothing is made, pruned or swept. Name one in <code>retired</code> when it is gone on purpose.</p>
    <table>
      <thead><tr><th>Plan</th><th>Storage</th><th class="number">Backups</th><th>Newest</th></tr></thead>
      <tbody>${unknownPlans.map((row) => unknownPlanRow(page, row))}</tbody>
    </table>
  </section>`
}

function unknownPlanRow(page: Page, row: UnknownPlan): Html {
  const { plan, storage, backups, newestFinishedAtMs } = row
  return html`<tr>
    <th scope="row">${plan}</th>
    <td data-label="Storage">${storage}</td>
    <td data-label="Backups" class="number">${backups}</td>
    <td data-label="Newest">${newestFinishedAtMs === null ? 'none' : time(page, newestFinishedAtMs)}</td>
  </tr>`
}

function queuesTable(page: Page): HtmlValue {
  const { queues } = page.overview
  if (queues === null) return null
  return html`<section aria-labelledby="queues">
    <h2 id="queues">Queues</h2>
    <table>
      <thead><tr><th>State</th><th>Queue</th><th class="number">Workers</th><th class="number">Under way</th><th class="number">Waiting</th><th class="number">Failed</th></tr></thead>
      <tbody>${queues.map((queue) => queueRow(page, queue))}</tbody>
    </table>
  </section>`
}

function queueRow({ basePath }: Page, counts: QueueCounts): Html {
  const { queue, workers, active, waiting, failed } = counts
  return html`<tr>
    <td data-label="State">${queueBadge(counts)}</td>
    <th scope="row"><a href="${basePath}/queues/queue/${encodeURIComponent(queue)}">${queue}</a></th>
    <td data-label="Workers" class="number">${workers}</td>
    <td data-label="Under way" class="number">${active}</td>
    <td data-label="Waiting" class="number">${waiting}</td>
    <td data-label="Failed" class="number">${failed}</td>
  </tr>`
}

function queueBadge({ isPaused, workers }: QueueCounts): Html {
  if (isPaused) return html`<span class="state bad">paused</span>`
  if (workers === 0) return html`<span class="state warn">no worker</span>`
  return html`<span class="state good">served</span>`
}
