import { describeDuration, formatBytes } from '@backstream/config'
import type { RunPhase, RunStage } from '@backstream/jobs'
import type { RunSummary } from '@backstream/queue'
import { meter } from '../charts/meter.ts'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import { badge } from '../page/tone.ts'
import type { Overview } from './read-overview.ts'

const shownAtMost = 20

/** Runs under way and in line: how far, how fast, how long yet, and what they wait for. */
export function goingTable({ going, plans, nowMs }: Overview, context: PageContext): HtmlValue {
  if (going.length === 0) return null
  const rows = going.slice(0, shownAtMost)
  const more = going.length - rows.length
  const known = new Set(plans.map(({ plan }) => plan))
  return html`<section aria-labelledby="going">
    <h2 id="going">Under way</h2>
    <table class="going">
      <thead><tr><th>State</th><th>Plan</th><th>Done</th><th>Rate</th><th>Time left</th><th>Waits for</th></tr></thead>
      <tbody>${rows.map((run) => goingRow(run, { nowMs, known }, context))}</tbody>
    </table>
    ${more > 0 && html`<p class="hint">And ${more} more, in line behind these: <a href="${context.basePath}/queues/">all runs</a>.</p>`}
  </section>`
}

interface Around {
  readonly nowMs: number
  /** Plans that have a page: a run may be of one that was taken out of the configuration. */
  readonly known: ReadonlySet<string>
}

function goingRow(run: RunSummary, { nowMs, known }: Around, context: PageContext): Html {
  const { basePath } = context
  const { plan, queue, jobId } = run.ref
  const isActive = run.state === 'active'
  const log = `${basePath}/queues/queue/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}`
  return html`<tr id="run-${jobId}">
    ${cell('State', isActive ? badge('busy', 'running') : badge('off', 'in line'))}
    <th scope="row">${known.has(plan) ? html`<a href="${basePath}/plans/${plan}">${plan}</a>` : plan}<small><a href="${log}">log</a>${isActive && run.startedAtMs !== null && html`, for ${describeDuration(nowMs - run.startedAtMs)}`}</small></th>
    ${isActive ? progressCells(run) : waitingCells(run, nowMs)}
  </tr>`
}

const stages: Readonly<Record<RunStage, string>> = {
  source: 'its source',
  compress: 'compression',
  upload: 'the bucket',
}

const phases: Readonly<Record<RunPhase, string>> = {
  preflight: 'sources and bucket to answer',
  streaming: 'its source and the bucket',
  checking: 'the bucket to say what it stored',
  committing: 'the manifest to be stored',
  cleaning: 'what it left to be removed',
  verifying: 'the bytes of the backup',
  restoring: 'the files to be written',
}

function progressCells({ progress }: RunSummary): Html {
  if (progress === null) {
    return html`${cell('Done', 'just begun')}${cell('Rate', '–')}${cell('Time left', '–')}${cell('Waits for', 'its worker')}`
  }
  const {
    percent,
    bytesRead,
    bytesStored,
    bytesTotal,
    bytesPerSecond,
    etaSeconds,
    phase,
    slowest,
  } = progress
  const of = bytesTotal === null ? '' : ` of ${formatBytes(bytesTotal)}`
  const left = etaSeconds === null ? 'not known' : describeDuration(etaSeconds * 1000)
  return html`${cell('Done', html`<b>${percent === null ? formatBytes(bytesRead) : `${percent} %`}</b>${percent !== null && meter(percent / 100, 'busy')}<small>${formatBytes(bytesRead)}${of} read, ${formatBytes(bytesStored)} stored</small>`)}
    ${cell('Rate', html`${formatBytes(bytesPerSecond)}/s`)}
    ${cell('Time left', left)}
    ${cell('Waits for', slowest ? stages[slowest] : phases[phase])}`
}

function waitingCells(run: RunSummary, nowMs: number): Html {
  const { dueAtMs, failedReason, attemptsMade, attempts } = run
  const isRetry = attemptsMade > 0
  const due = dueAtMs !== null && dueAtMs > nowMs ? `in ${describeDuration(dueAtMs - nowMs)}` : null
  const done = isRetry
    ? html`attempt ${attemptsMade} of ${attempts} failed<small class="cause">${failedReason}</small>`
    : 'not begun'
  const what = isRetry ? `its next attempt${due === null ? '' : `, ${due}`}` : 'a worker'
  return html`${cell('Done', done)}${cell('Rate', '–')}${cell('Time left', '–')}${cell('Waits for', what)}`
}
