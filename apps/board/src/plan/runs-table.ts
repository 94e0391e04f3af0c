import { describeDuration, formatBytes } from '@backstream/config'
import type { RunSummary } from '@backstream/queue'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import { badge } from '../page/tone.ts'
import type { PlanPage } from './read-plan-page.ts'

/** Runs the queue remembers; what it forgets stands in the manifests. */
export function runsTable({ runs, plan, nowMs }: PlanPage, context: PageContext): HtmlValue {
  if (runs === null)
    return html`<section><h2>Runs</h2><p class="alert bad">Redis did not answer: nothing is known of runs.</p></section>`
  if (runs.length === 0)
    return html`<section><h2>Runs</h2><p class="hint">The queue remembers none.</p></section>`
  return html`<section aria-labelledby="runs">
    <h2 id="runs">Runs</h2>
    <table class="runs">
      <thead><tr><th>Outcome</th><th>Begun</th><th>Why</th><th>Attempts</th><th>What came of it</th><th>Log</th></tr></thead>
      <tbody>${runs.map((run) => runRow(run, { plan: plan.name, nowMs }, context))}</tbody>
    </table>
  </section>`
}

interface At {
  readonly plan: string
  readonly nowMs: number
}

function runRow(run: RunSummary, { plan, nowMs }: At, context: PageContext): Html {
  const { basePath, say, canAct } = context
  const [queue, job] = [run.ref.queue, run.ref.jobId].map(encodeURIComponent)
  const at = `${basePath}/plans/${plan}/runs/${queue}/${job}`
  return html`<tr>
    ${cell('Outcome', outcomeBadge(run))}
    <th scope="row">${say.time(run.startedAtMs ?? run.createdAtMs)}<small>${run.ref.jobId}</small></th>
    ${cell('Why', triggers[run.trigger ?? 'unknown'])}
    ${cell('Attempts', `${Math.max(1, run.attemptsMade)} of ${run.attempts}`)}
    ${cell('What came of it', whatCame(run, nowMs))}
    ${cell('Log', html`<a href="${basePath}/queues/queue/${queue ?? ''}/${job ?? ''}">log</a>${canAct && runButton(run, at)}`)}
  </tr>`
}

const triggers = {
  schedule: 'by schedule',
  manual: 'by hand',
  catchup: 'caught up on',
  unknown: 'not known',
} as const

function outcomeBadge({ state, result }: RunSummary): Html {
  if (state === 'active') return badge('busy', 'running')
  if (state === 'failed') return badge('bad', 'failed')
  if (state !== 'completed') return badge('off', 'in line')
  if (result?.outcome === 'skipped') return badge('off', 'skipped')
  if (result?.outcome === 'cancelled') return badge('off', 'cancelled')
  return result?.outcome === 'committed' && result.status === 'suspect'
    ? badge('warn', 'suspect backup')
    : badge('good', 'backup')
}

function whatCame(
  { state, result, failedReason, progress, startedAtMs }: RunSummary,
  nowMs: number,
): HtmlValue {
  if (state === 'active') {
    const done = progress?.percent == null ? null : `${progress.percent} %, `
    return html`${done}${startedAtMs !== null && html`for ${describeDuration(nowMs - startedAtMs)}`}`
  }
  if (state !== 'completed')
    return failedReason !== null && html`<span class="cause">${failedReason}</span>`
  if (result?.outcome !== 'committed') return result?.reason ?? null
  return html`${formatBytes(result.bytes)} in ${describeDuration(result.durationMs)}<small>${result.backup}</small>`
}

function runButton({ state, result }: RunSummary, at: string): HtmlValue {
  const isOver = state === 'failed' || state === 'completed'
  if (!isOver)
    return html`<p class="actions"><a class="button quiet" href="${at}/cancel">Cancel…</a></p>`
  if (state === 'completed' && result?.outcome !== 'cancelled') return null
  return html`<p class="actions"><a class="button quiet" href="${at}/retry">Retry…</a></p>`
}
