import type { Sessions } from '../access/sessions.ts'
import { type Html, html } from './html.ts'

/** What was just done, told on the page that follows. Sealed: no link can put words into our mouth. */
export interface Notices {
  seal(words: string): string
  read(sealed: unknown): Html | null
}

export function createNotices({ seal, unseal }: Pick<Sessions, 'seal' | 'unseal'>): Notices {
  return {
    seal: (words) => seal({ notice: words }),
    read(sealed) {
      const opened = typeof sealed === 'string' ? unseal(sealed) : undefined
      const notice = (opened as { notice?: unknown } | undefined)?.notice
      return typeof notice === 'string'
        ? html`<p class="alert good" role="status">${notice}</p>`
        : null
    },
  }
}
