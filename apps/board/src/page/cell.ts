import { type Html, type HtmlValue, html } from './html.ts'

/** A cell that keeps its column's name where a table becomes a list of cards. */
export function cell(label: string, content: HtmlValue, kind = ''): Html {
  return html`<td data-label="${label}" class="${kind}"><div>${content}</div></td>`
}
