import { type Html, html } from './html.ts'

const colors = { bad: '#a3211c', warn: '#7d5200' } as const

/** The icon in the browser's tab, with how many plans need somebody. */
export function countedIcon(tone: string, count: number): Html {
  const color = tone === 'bad' ? colors.bad : colors.warn
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f6f5c"/><path d="M7 11c4-4 7 3 11 0s5-2 7-1M7 17c4-4 7 3 11 0" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/><circle cx="21" cy="21" r="11" fill="${color}"/><text x="21" y="26" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="${count > 9 ? 13 : 16}" fill="#fff">${count}</text></svg>`
}
