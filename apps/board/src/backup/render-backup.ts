import {
  contentBytesOf,
  type IndexEntry,
  type NoteKind,
  renderRestoreGuide,
  storedBytesOf,
} from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import { cell } from '../page/cell.ts'
import { type Html, type HtmlValue, html, prose } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'
import { badge } from '../page/tone.ts'
import type { BackupPage } from './read-backup-page.ts'
import { restoreCommand } from './restore-command.ts'

export interface BackupView extends PageContext {
  /** The largest file that may be downloaded; null: none may. */
  readonly downloadMaxBytes: number | null
}

export function renderBackup(page: BackupPage, view: BackupView, notice: HtmlValue = null): string {
  const { manifest, standing } = page
  const { basePath, say } = view
  const plan = `${basePath}/plans/${manifest.plan}`
  const body = html`<p class="crumbs"><a href="${basePath}/">Overview</a> › <a href="${plan}">${manifest.plan}</a></p>
    <h1>Backup of ${say.plainDate(Date.parse(manifest.run.startedAt))} ${stateOf(page)}</h1>
    <p class="as-of">${manifest.plan}/${manifest.backup}</p>
    ${notice}
    ${manifest.suspect.map(({ rule, expected, found }) => html`<p class="alert warn">Suspect by the rule <b>${rule}</b>: expected ${expected}, found ${found}.${standing.isAccepted && ' Somebody accepted it since.'}</p>`)}
    ${view.canAct && actions(page, view)}
    <section class="card" aria-label="Manifest">${facts(page, view)}</section>
    ${restore(page, view)}
    ${browse(page, view)}`
  return renderPage(view, { title: `${manifest.plan}/${manifest.backup}`, body })
}

function stateOf({ standing }: BackupPage): Html {
  const { isGood, verified, isPinned } = standing
  const state = verified?.isRefuted
    ? badge('bad', 'refuted')
    : isGood
      ? badge('good', 'good')
      : badge('warn', 'suspect')
  return html`${state}${isPinned && html` ${badge('off', 'pinned')}`}`
}

function actions({ manifest, standing }: BackupPage, { basePath }: BackupView): Html {
  const at = `${basePath}/plans/${manifest.plan}/backups/${manifest.backup}`
  const mayAccept = !standing.isGood && standing.verified?.isRefuted !== true
  return html`<p class="actions">
    ${mayAccept && html`<a class="button" href="${at}/accept">Accept…</a>`}
    ${standing.isPinned ? html`<a class="button quiet" href="${at}/unpin">Unpin…</a>` : html`<a class="button quiet" href="${at}/pin">Pin…</a>`}
  </p>`
}

const noteWords: Readonly<Partial<Record<NoteKind, string>>> = {
  pin: 'pinned',
  unpin: 'unpinned',
  accept: 'accepted',
  verify: 'verified',
  drill: 'restored in a drill',
  lock: 'locked in the store',
  pruned: 'pruned',
}

function facts({ manifest, notes }: BackupPage, { say }: BackupView): Html {
  const { run, content, compression, encryption, archives, warnings } = manifest
  const [startedMs, finishedMs] = [Date.parse(run.startedAt), Date.parse(run.finishedAt)]
  const checks = [...new Set(archives.map(({ check }) => check))].join(', ')
  const told: readonly (readonly [string, HtmlValue])[] = [
    ['Taken', html`${say.time(startedMs)}, in ${describeDuration(finishedMs - startedMs)}`],
    ['By', `worker ${run.worker} on ${run.host}, attempt ${run.attempt}`],
    [
      'Content',
      `${content.entries.toLocaleString('en')} entries, ${formatBytes(contentBytesOf(manifest))}`,
    ],
    ['Stored', `${formatBytes(storedBytesOf(manifest))}, compared by ${checks}`],
    ['Compression', `${compression.algorithm}, level ${compression.level}`],
    [
      'Encryption',
      encryption ? `${encryption.format}, for ${encryption.recipients.join(', ')}` : 'none',
    ],
    [
      'Sources',
      manifest.sources
        .map(({ kind, at, consistency }) => `${kind}${at ? ` at ${at}` : ''}, ${consistency}`)
        .join('; '),
    ],
    [
      'Warnings',
      warnings.length === 0
        ? 'none'
        : warnings.map(({ code, count }) => `${count} × ${code}`).join(', '),
    ],
    [
      'Since then',
      notes.length === 0
        ? 'nothing noted'
        : notes.map(({ kind, atMs }) => html`${noteWords[kind] ?? kind} on ${say.time(atMs)}<br>`),
    ],
  ]
  return html`<dl class="facts">${told.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function restore({ manifest, location, ticked }: BackupPage, view: BackupView): Html {
  const { archives, compression, encryption, sources } = manifest
  const guide = renderRestoreGuide({
    ...{ plan: manifest.plan, backup: manifest.backup, location },
    ...{ algorithm: compression.algorithm, encryption, archives, sources },
  })
  const what =
    ticked.length === 0
      ? 'All of it'
      : ticked.length === 1
        ? 'The one path'
        : `The ${ticked.length} paths`
  return html`<section aria-labelledby="restore">
    <h2 id="restore">Restore it</h2>
    <div class="card">
      <p>${what}, into an empty directory, on any machine that can reach the bucket${encryption && html`; KEY is the file with the key`}:</p>
      <pre class="command"><code id="command">${restoreCommand(manifest, ticked)}</code></pre>
      ${ticked.length > 0 && html`<p><a href="${view.basePath}/plans/${manifest.plan}/backups/${manifest.backup}">All of it instead</a></p>`}
      <details><summary>With standard tools, without Backstream</summary><pre tabindex="0"><code>${guide}</code></pre></details>
    </div>
  </section>`
}

function browse(page: BackupPage, view: BackupView): Html {
  const { manifest, folder, path, ticked, closed } = page
  const at = `${view.basePath}/plans/${manifest.plan}/backups/${manifest.backup}`
  const heading = html`<h2 id="entries">What is in it</h2>`
  if (folder === null)
    return html`<section aria-labelledby="entries">${heading}<p class="hint">${closed !== null && prose(closed)}</p></section>`
  const elsewhere = ticked.filter((each) => !folder.entries.some((entry) => entry.path === each))
  return html`<section aria-labelledby="entries">${heading}
    <p class="crumbs">${folderCrumbs(path, at, ticked)}</p>
    <form method="get" action="${at}">
      <input type="hidden" name="path" value="${path}">
      ${elsewhere.map((each) => html`<input type="hidden" name="tick" value="${each}">`)}
      <table class="entries">
        <thead><tr><th><span class="skip">Restore</span></th><th>Name</th><th class="number">Size</th><th>Changed</th><th>Kind</th></tr></thead>
        <tbody>${folder.entries.map((entry) => entryRow(entry, { at, ticked }, view))}</tbody>
      </table>
      ${folder.entries.length === 0 && html`<p class="hint">Nothing lies in this folder.</p>`}
      ${folder.isCut && html`<p class="hint">There is more: <code>backstream ls ${manifest.plan}/${manifest.backup} ${path}</code> shows all of it.</p>`}
      <p class="actions"><button>Command for what is ticked</button></p>
    </form>
  </section>`
}

interface Place {
  readonly at: string
  readonly ticked: readonly string[]
}

function folderCrumbs(path: string, at: string, ticked: readonly string[]): Html {
  const names = path === '' ? [] : path.split('/')
  const links = names.map(
    (name, depth) =>
      html` › <a href="${folderLink({ at, ticked }, names.slice(0, depth + 1).join('/'))}">${name}</a>`,
  )
  return html`<a href="${folderLink({ at, ticked }, '')}">root</a>${links}`
}

function folderLink({ at, ticked }: Place, path: string): string {
  const query = new URLSearchParams({ path })
  for (const each of ticked) query.append('tick', each)
  return `${at}?${query}#entries`
}

function entryRow(entry: IndexEntry, place: Place, view: BackupView): Html {
  const { path, type, size, mtimeMs } = entry
  const name = path.slice(path.lastIndexOf('/') + 1)
  const isTicked = place.ticked.includes(path)
  const shown =
    type === 'directory' ? html`<a href="${folderLink(place, path)}">${name}/</a>` : name
  return html`<tr>
    <td data-label="Restore"><div><input type="checkbox" name="tick" value="${path}" aria-label="Restore ${name}"${isTicked && html` checked`}></div></td>
    <th scope="row">${shown}${type === 'file' && download(entry, place, view)}</th>
    ${cell('Size', type === 'directory' ? '–' : formatBytes(size), 'number')}
    ${cell('Changed', view.say.time(mtimeMs))}
    ${cell('Kind', type)}
  </tr>`
}

function download({ path, size }: IndexEntry, { at }: Place, view: BackupView): HtmlValue {
  const { downloadMaxBytes, canAct } = view
  if (!canAct || downloadMaxBytes === null || size > downloadMaxBytes) return null
  return html`<small><a href="${at}/file?${String(new URLSearchParams({ path }))}">download</a></small>`
}
