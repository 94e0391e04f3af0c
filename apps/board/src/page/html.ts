/** Markup that is safe to send. Made by `html` only, which escapes every value put into it. */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static join(strings: readonly string[], values: readonly unknown[]): Html {
    return new Html(strings.map((part, at) => part + toMarkup(values[at])).join(''))
  }

  toString(): string {
    return this.#text
  }
}

export type HtmlValue = Html | string | number | null | false | readonly HtmlValue[]

/** Tag of a template: values are escaped, `Html` stays, lists are joined, null and false vanish. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return Html.join(strings, values)
}

/** A sentence of ours in which what is to be typed stands between backticks. */
export function prose(sentence: string): Html {
  const parts = sentence.split('`')
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

function toMarkup(value: unknown): string {
  if (value === undefined || value === null || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  return escapeText(String(value))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
