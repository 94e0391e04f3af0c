import { type Html, html } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'

export interface LoginPage {
  /** Where to go then; below the board's own path. */
  readonly to: string
  readonly problem: string | null
  readonly hasUsers: boolean
  /** The identity provider, by its host; null when there is none. */
  readonly provider: string | null
}

export function renderLogin(page: LoginPage, context: PageContext): string {
  const { to, problem, hasUsers, provider } = page
  const { basePath } = context
  const target = encodeURIComponent(to)
  const body = html`<section class="card narrow login">
    <h1>Log in</h1>
    ${problem !== null && html`<p class="alert bad" role="alert">${problem}</p>`}
    ${hasUsers && passwordForm(page, context)}
    ${provider !== null && html`<p class="actions"><a class="button ${hasUsers ? 'quiet' : ''}" href="${basePath}/oidc/start?to=${target}">Log in with ${provider}</a></p>`}
  </section>`
  return renderPage(context, { title: 'Log in', body, current: 'none' })
}

function passwordForm({ to }: LoginPage, { basePath, token }: PageContext): Html {
  return html`<form method="post" action="${basePath}/login">
      <input type="hidden" name="token" value="${token}">
      <input type="hidden" name="to" value="${to}">
      <label for="name">Name</label>
      <input type="text" id="name" name="name" autocomplete="username" autocapitalize="none" required autofocus>
      <label for="password">Password</label>
      <input type="password" id="password" name="password" autocomplete="current-password" required>
      <p class="actions"><button>Log in</button></p>
    </form>`
}
