import { type Html, html } from '../page/html.ts'
import { linearScale, ticks } from './scale.ts'

export interface LineChart {
  readonly points: readonly { readonly atMs: number; readonly value: number }[]
  readonly name: string
  readonly sayValue: (value: number) => string
  readonly sayDate: (ms: number) => string
  /** 1024 for bytes. */
  readonly base?: number
}

const width = 420
const height = 150
const frame = { left: 62, right: 408, top: 8, bottom: 126 }

/** A line over time, from nought up: what changed, and by how much, at one look. */
export function lineChart(chart: LineChart): Html {
  const { name, sayValue, sayDate } = chart
  const points = thin([...chart.points].sort((a, b) => a.atMs - b.atMs))
  const [first] = points
  const last = points.at(-1)
  if (!first || !last)
    return html`<figure class="card"><figcaption><b>${name}</b>: nothing yet</figcaption></figure>`
  const marks = ticks(Math.max(...points.map(({ value }) => value)), 3, chart.base)
  const x = linearScale([first.atMs, last.atMs], [frame.left, frame.right])
  const y = linearScale([0, Math.max(marks.at(-1) ?? 1, 1e-9)], [frame.bottom, frame.top])
  const line = points.map(({ atMs, value }) => `${round(x(atMs))} ${round(y(value))}`).join('L')
  const words = `${name}: ${sayValue(last.value)} on ${sayDate(last.atMs)}, ${sayValue(first.value)} on ${sayDate(first.atMs)}`
  return html`<figure class="card">
    <figcaption><b>${name}</b>: ${sayValue(last.value)} last time</figcaption>
    <svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}">
      ${marks.map((mark) => gridLine(round(y(mark)), sayValue(mark)))}
      <path class="area" d="M${round(x(first.atMs))} ${frame.bottom}L${line}L${round(x(last.atMs))} ${frame.bottom}z"/>
      <path class="line" d="M${line}"/>
      <circle class="dot" cx="${round(x(last.atMs))}" cy="${round(y(last.value))}" r="3.5"/>
      <text x="${frame.left}" y="${height - 6}">${sayDate(first.atMs)}</text>
      ${points.length > 1 && html`<text x="${frame.right}" y="${height - 6}" text-anchor="end">${sayDate(last.atMs)}</text>`}
    </svg>
  </figure>`
}

function gridLine(y: number, words: string): Html {
  return html`<path class="axis" d="M${frame.left} ${y}H${frame.right}"/><text x="${frame.left - 6}" y="${y + 4}" text-anchor="end">${words}</text>`
}

/** No screen shows more points than it has pixels; of those that share one the largest is kept. */
function thin<T extends { readonly value: number }>(
  points: readonly T[],
  most = 300,
): readonly T[] {
  if (points.length <= most) return points
  const size = points.length / most
  return Array.from({ length: most }, (_, at) => {
    const group = points.slice(Math.floor(at * size), Math.floor((at + 1) * size))
    return group.reduce((a, b) => (b.value > a.value ? b : a))
  })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
