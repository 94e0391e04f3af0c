import type { DayMark, RecentDay } from '@backstream/backup'
import { type Html, html } from '../page/html.ts'

const cell = 13
const left = 30
const top = 16
const inset: Readonly<Record<DayMark, number>> = { good: 0, suspect: 2, failed: 3.5, none: 0 }
const weekdays = ['Mon', '', 'Wed', '', 'Fri', '', 'Sun']
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** Days in columns of weeks that begin on Monday, oldest first. Sizes differ where colours do. */
export function calendar(days: readonly RecentDay[], words: string): Html {
  const [first] = days
  const shift = first ? (new Date(first.date).getUTCDay() + 6) % 7 : 0
  const weeks = Math.ceil((days.length + shift) / 7)
  const [width, height] = [left + weeks * cell, top + 7 * cell]
  const cells = days.map((day, at) => {
    const [week, weekday] = [Math.floor((at + shift) / 7), (at + shift) % 7]
    const side = cell - 2 - 2 * inset[day.mark]
    const [x, y] = [left + week * cell + inset[day.mark], top + weekday * cell + inset[day.mark]]
    return html`<rect class="${day.mark}" x="${x}" y="${y}" width="${side}" height="${side}" rx="2"><title>${day.date}: ${dayInWords(day)}</title></rect>`
  })
  return html`<svg class="calendar" viewBox="0 0 ${width} ${height}" width="${width * 1.25}" height="${height * 1.25}" role="img" aria-label="${words}">
    ${weekdays.map((name, at) => name !== '' && html`<text x="0" y="${top + at * cell + 10}">${name}</text>`)}
    ${monthNames(days, shift)}${cells}
  </svg>`
}

export function dayInWords({ mark, backups, failures }: RecentDay): string {
  const made = backups === 0 ? 'no backup' : backups === 1 ? '1 backup' : `${backups} backups`
  const failed = failures === 0 ? '' : `, ${failures} failed`
  return `${made}${failed}${mark === 'suspect' ? ', suspect' : ''}`
}

function monthNames(days: readonly RecentDay[], shift: number): Html[] {
  return days.flatMap(({ date }, at) => {
    if (!date.endsWith('-01')) return []
    const x = left + Math.floor((at + shift) / 7) * cell
    return html`<text x="${x}" y="10">${months[Number(date.slice(5, 7)) - 1] ?? ''}</text>`
  })
}
