import { html, prose } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'
import type { Action } from './action.ts'

/** Asks before anything is done, and says what will be. */
export function renderAction(action: Action, back: string, context: PageContext): string {
  const { label, subject, says, refusal, isDangerous } = action
  const form = html`<form method="post"><input type="hidden" name="token" value="${context.token}">
      <p class="actions"><button class="${isDangerous ? 'danger' : ''}">${label}</button> <a class="button quiet" href="${back}">Back</a></p></form>`
  const body = html`<section class="card narrow">
    <h1>${label}?</h1>
    <p class="muted">${subject}</p>
    ${refusal === null ? html`<ul class="steps">${says.map((sentence) => html`<li>${prose(sentence)}</li>`)}</ul>${form}` : html`<p class="alert warn">${refusal}</p><p class="actions"><a class="button quiet" href="${back}">Back</a></p>`}
  </section>`
  return renderPage(context, { title: `${label}: ${subject}`, body })
}
