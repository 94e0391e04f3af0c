import type { DayMark, RecentDay } from '@backstream/backup'
import { type Html, html } from '../page/html.ts'

const step = 5
const height = 20
/** Heights differ too, so that the strip can be read without its colours. */
const tall: Readonly<Record<DayMark, number>> = { good: 20, suspect: 13, failed: 8, none: 3 }
const marks: readonly DayMark[] = ['good', 'suspect', 'failed', 'none']

/** One bar a day, oldest first; what it says is also there in words. */
export function dayStrip(days: readonly RecentDay[]): Html {
  const width = days.length * step - 1
  const bars = marks.map((mark) => {
    const path = days.map((day, at) => (day.mark === mark ? bar(at, tall[mark]) : '')).join('')
    return path !== '' && html`<path class="${mark}" d="${path}"/>`
  })
  const words = daysInWords(days)
  return html`<svg class="days" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${words}"><title>${words}</title>${bars}</svg>`
}

export function daysInWords(days: readonly RecentDay[]): string {
  const of = (mark: DayMark) => days.filter((day) => day.mark === mark).length
  const told = [
    [of('good'), 'with a good backup'],
    [of('suspect'), 'with a suspect one only'],
    [of('failed'), 'with failed runs only'],
    [of('none'), 'with none'],
  ] as const
  const parts = told.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`)
  return `Of the last ${days.length} days: ${parts.join(', ')}`
}

function bar(at: number, tallness: number): string {
  return `M${at * step} ${height - tallness}h${step - 1}v${tallness}h-${step - 1}z`
}
