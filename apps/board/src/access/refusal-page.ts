import { html } from '../page/html.ts'
import { type PageContext, renderPage } from '../page/layout.ts'

const titles: Readonly<Record<number, string>> = {
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Nothing here',
  413: 'Too large',
  429: 'Not now',
  500: 'That went wrong',
}

/** One sentence that says why, and the way back. */
export function renderRefusal(status: number, message: string, context: PageContext): string {
  const title = titles[status] ?? 'Not possible'
  const body = html`<section class="card narrow">
    <h1>${title}</h1>
    <p>${message}</p>
    <p class="actions"><a class="button" href="${context.basePath}/">To the overview</a></p>
  </section>`
  return renderPage(context, { title, body, current: 'none' })
}
