import type { BackupGlance } from '@backstream/backup'
import { describeDuration } from '@backstream/config'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import { proofInWords, wholeBytes } from '../page/plan-words.ts'
import { badge } from '../page/tone.ts'
import type { PlanPage } from './read-plan-page.ts'

const shownAtMost = 20

export function backupsTable(page: PlanPage, context: PageContext): HtmlValue {
  const { backups } = page
  if (backups === null) return null
  if (backups.length === 0) {
    return html`<section><h2>Backups</h2><p class="hint">None yet. The first run makes one.</p></section>`
  }
  const shown = page.isWhole ? backups : backups.slice(0, shownAtMost)
  const more = backups.length - shown.length
  return html`<section aria-labelledby="backups">
    <h2 id="backups">Backups</h2>
    <table class="backups">
      <thead><tr><th>State</th><th>Backup</th><th>Size</th><th>Took</th><th>Proved</th><th>Retention</th><th>Restore it</th></tr></thead>
      <tbody>${shown.map((backup) => backupRow(backup, page, context))}</tbody>
    </table>
    ${more > 0 && html`<p class="hint"><a href="?all=1">And ${more} older ones</a></p>`}
  </section>`
}

function backupRow(backup: BackupGlance, page: PlanPage, context: PageContext): Html {
  const { plan, nowMs } = page
  const { basePath, say } = context
  const { startedAtMs, finishedAtMs, bytes, storedBytes } = backup
  const at = `${basePath}/plans/${plan.name}/backups/${backup.backup}`
  return html`<tr>
    ${cell('State', standing(backup))}
    <th scope="row"><a href="${at}">${say.time(startedAtMs)}</a><small>${backup.backup}</small></th>
    ${cell('Size', html`${wholeBytes(bytes)}<small>stored as ${wholeBytes(storedBytes)}</small>`)}
    ${cell('Took', describeDuration(finishedAtMs - startedAtMs))}
    ${cell('Proved', proof(backup, nowMs, context))}
    ${cell('Retention', verdict(backup, page))}
    ${cell('Restore it', html`<code>${restoreCommand(plan, backup.backup)}</code>${context.canAct && buttons(backup, at)}`)}
  </tr>`
}

/** What to type; `KEY` is a file that only its owner has. */
function restoreCommand(plan: PlanPage['plan'], backup: string): Html {
  const key = plan.encryption === null ? '' : ' -i KEY'
  return html`backstream restore <span class="whole">${plan.name}/${backup}</span> <span class="whole">--to DIR${key}</span>`
}

export function standing({
  isGood,
  isAccepted,
  isPinned,
  verified,
  suspicion,
}: BackupGlance): Html {
  const state = verified?.isRefuted
    ? badge('bad', 'refuted')
    : isGood
      ? badge('good', 'good')
      : badge('warn', 'suspect')
  const why = isGood || verified?.isRefuted ? null : suspicion
  return html`${state}${why !== null && html`<small class="cause">${why}</small>`}${isAccepted && html`<small>accepted</small>`}${isPinned && html`<small>pinned</small>`}`
}

function proof({ verified }: BackupGlance, nowMs: number, { say }: PageContext): HtmlValue {
  if (verified === null) return html`<span class="muted">never</span>`
  const { depth: how, isRefuted, atMs } = verified
  return html`${proofInWords({ how, isRefuted })}<small>${say.ago(atMs, nowMs)}</small>`
}

function verdict({ backup }: BackupGlance, { verdicts }: PlanPage): HtmlValue {
  const found = verdicts.get(backup)
  if (found === undefined) return html`<span class="muted">kept: no retention is set</span>`
  const [words, why] = [found.isKept ? 'keep' : 'delete next time', found.reasons.join(', ')]
  return html`${words}<small>${why}</small>`
}

function buttons({ isGood, isPinned, verified }: BackupGlance, at: string): Html {
  const mayAccept = !isGood && verified?.isRefuted !== true
  const pin = isPinned ? (['unpin', 'Unpin…'] as const) : (['pin', 'Pin…'] as const)
  return html`<p class="actions">
    ${mayAccept && html`<a class="button" href="${at}/accept">Accept…</a>`}
    <a class="button quiet" href="${at}/${pin[0]}">${pin[1]}</a>
  </p>`
}
