import { type Html, html } from '../page/html.ts'

const plan = `plans:
  media:
    storage: main
    schedule: { cron: "15 3 * * *", timezone: Europe/Berlin }
    source: { kind: directory, path: /srv/media }`

/** For whoever comes here before there is a plan. */
export function firstVisit(): Html {
  return html`<section class="card first" aria-labelledby="first">
    <h2 id="first">Write the first one</h2>
    <p>A plan says what to read, where to put it and when. These five lines in <code>backstream.yaml</code> are one:</p>
    <pre tabindex="0"><code>${plan}</code></pre>
    <p><code>backstream validate</code> checks the file and tells the next three runs. If <code>backstream up</code> has brought you here, scheduler and worker start by themselves once the plan is there; if not, say <code>backstream up</code> then. <code>backstream init</code> asks, and writes a whole file.</p>
  </section>`
}
