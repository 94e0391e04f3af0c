import type { BackupGlance } from '@backstream/backup'
import { describeDuration, formatBytes } from '@backstream/config'
import { lineChart } from '../charts/line-chart.ts'
import { type HtmlValue, html } from '../page/html.ts'
import type { PageContext } from '../page/layout.ts'
import type { PlanPage } from './read-plan-page.ts'

/** Size, duration and rate of all backups over time. */
export function planCharts({ backups }: PlanPage, { say }: PageContext): HtmlValue {
  if (backups === null || backups.length === 0) return null
  const sayDate = (ms: number) => say.plainDate(ms)
  const over = (value: (backup: BackupGlance) => number) =>
    backups.map((backup) => ({ atMs: backup.startedAtMs, value: value(backup) }))
  const tookMs = ({ startedAtMs, finishedAtMs }: BackupGlance) =>
    Math.max(1, finishedAtMs - startedAtMs)
  const sayRate = (rate: number) => `${formatBytes(Math.round(rate))}/s`
  const sayBytes = (bytes: number) => formatBytes(Math.round(bytes))
  return html`<section aria-labelledby="charts">
    <h2 id="charts">Over time</h2>
    <div class="charts">
      ${lineChart({ name: 'Size', points: over(({ bytes }) => bytes), sayValue: sayBytes, sayDate, base: 1024 })}
      ${lineChart({ name: 'Duration', points: over(tookMs), sayValue: describeDuration, sayDate })}
      ${lineChart({ name: 'Rate', points: over((backup) => (1000 * backup.bytes) / tookMs(backup)), sayValue: sayRate, sayDate, base: 1024 })}
    </div>
  </section>`
}
