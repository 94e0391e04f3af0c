import type { User } from '../access/users.ts'
import { type Html, type HtmlValue, html } from './html.ts'
import type { Say } from './say.ts'
import type { Tone } from './tone.ts'

/** What every page of one request is drawn with. */
export interface PageContext {
  readonly installation: string
  /** Without a slash at its end. */
  readonly basePath: string
  readonly version: string
  readonly say: Say
  /** Null where nobody is asked who they are. */
  readonly user: User | null
  readonly canAct: boolean
  /** Goes with every form, so that no other site can send it. */
  readonly token: string
}

export interface PageParts {
  readonly title: string
  readonly body: HtmlValue
  /** How many plans need somebody: title and icon carry it. */
  readonly trouble?: { readonly count: number; readonly tone: Tone }
  /** Draws itself anew whenever something has changed. */
  readonly isLive?: boolean
  /** `none`: for whoever may not be let in, without the ways to the other pages. */
  readonly current?: 'overview' | 'none'
}

const styles = ['board', 'tables', 'charts', 'forms']

/** The whole page: readable without a script, and without one drawn anew each minute. */
export function renderPage(context: PageContext, parts: PageParts): string {
  const { installation, basePath } = context
  const { title, trouble } = parts
  const count = trouble?.count ? `(${trouble.count}) ` : ''
  return String(html`${doctype}<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${count}${title} · Backstream ${installation}</title>
  <link rel="icon" type="image/svg+xml" href="${basePath}/${iconOf(trouble)}">
  ${styles.map((name) => html`<link rel="stylesheet" href="${basePath}/assets/${name}.css">`)}
  ${
    parts.isLive === true &&
    html`<noscript><meta http-equiv="refresh" content="60"></noscript>
  <script src="${basePath}/assets/board.js" defer data-events="${basePath}/events"></script>`
  }
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header class="top">
  <a class="brand" href="${basePath}/"><img src="${basePath}/assets/icon.svg" alt="" width="28" height="28"> Backstream <span class="muted">${installation}</span></a>
  ${parts.current !== 'none' && navigation(context, parts)}
</header>
<main id="main" tabindex="-1">
${parts.body}
</main>
<footer class="muted">Backstream ${context.version}${parts.isLive === true && html` <span id="live" role="status"></span>`}</footer>
</body>
</html>
`)
}

const doctype = html`<!doctype html>
`

function navigation({ basePath, user, token }: PageContext, { current }: PageParts): Html {
  const isHere = current === 'overview' ? html` aria-current="page"` : null
  return html`<nav aria-label="Board">
    <a href="${basePath}/"${isHere}>Overview</a>
    <a href="${basePath}/queues/">Runs</a>
    <a href="${basePath}/queues/job-schedulers">Schedules</a>
    <a href="${basePath}/metrics">Metrics</a>
    ${user && html`<form class="leave" method="post" action="${basePath}/logout"><input type="hidden" name="token" value="${token}"><span class="muted">${user.name}, ${user.role}</span> <button class="quiet">Log out</button></form>`}
  </nav>`
}

function iconOf(trouble: PageParts['trouble']): string {
  return trouble?.count
    ? `icon/${trouble.tone}-${Math.min(trouble.count, 99)}.svg`
    : 'assets/icon.svg'
}
