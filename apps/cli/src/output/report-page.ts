import type { PlanReport, ReportDay } from '@backstream/backup'
import { describeDuration } from '@backstream/config'
import { type Report, reportCells } from './report-text.ts'

const headings = ['Plan', 'Runs', 'Backups', 'Verified', 'Drills', 'Pruned', 'Days', 'Gaps']
const states: Readonly<Record<ReportDay['state'], string>> = {
  green: 'a good backup within the limit all day',
  red: 'no good backup within the limit',
  none: 'nobody can tell',
}

/** The report as one page that needs nothing else: no script, no font, no picture, no network. */
export function renderReportPage(report: Report): string {
  const { name, sinceMs, nowMs, plans, unreachable } = report
  const period = `${minute(sinceMs)} to ${minute(nowMs)}`
  const findings = plans.reduce((sum, plan) => sum + plan.findings.length, 0)
  const verdict =
    findings === 0
      ? 'No backup is missing, and none was changed.'
      : `${findings} backups are missing, were changed, or cannot be read: see below.`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backups of ${text(name)}, ${period}</title>
<style>${style}</style>
</head>
<body>
<h1>Backups of ${text(name)}</h1>
<p>${period}, as the bucket and the queue tell it. <strong class="${findings === 0 ? 'green' : 'red'}">${verdict}</strong></p>
${unreachable.map(({ storage, message }) => `<p class="red">Not read: storage ${text(storage)}: ${text(message)}</p>\n`).join('')}<table>
<thead><tr>${headings.map((heading) => `<th scope="col">${heading}</th>`).join('')}</tr></thead>
<tbody>
${plans.map(row).join('\n')}
</tbody>
</table>
${plans.map(section).join('\n')}
</body>
</html>
`
}

function row(plan: PlanReport): string {
  const [name = '', ...cells] = reportCells(plan)
  const rest = cells.map((cell) => `<td>${text(cell)}</td>`).join('')
  return `<tr><th scope="row">${text(name)}</th>${rest}</tr>`
}

function section(plan: PlanReport): string {
  const lines = [
    ...plan.findings.map(
      ({ kind, backup, words }) =>
        `<li class="red"><strong>${kind}</strong> ${text(plan.plan)}/${text(backup)}: ${text(words)}</li>`,
    ),
    ...plan.gaps.map(({ from, to }) => {
      const lasted = describeDuration(Date.parse(to) - Date.parse(from))
      const when = `${minute(Date.parse(from))} to ${minute(Date.parse(to))}`
      return `<li>No good backup within the limit for ${lasted}: ${when}</li>`
    }),
  ]
  const list = lines.length === 0 ? '' : `<ul>\n${lines.join('\n')}\n</ul>\n`
  const months = Map.groupBy(plan.days, ({ date }) => date.slice(0, 7))
  const calendar = [...months].map(([month, days]) => monthOf(month, days)).join('\n')
  return `<section>\n<h2>${text(plan.plan)}</h2>\n<div class="calendar">\n${calendar}\n</div>\n${list}</section>`
}

/** Weeks begin on Monday; the first day stands under its weekday. */
function monthOf(month: string, days: readonly ReportDay[]): string {
  const cells = days.map(({ date, state, backups }, at) => {
    const weekday = ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1
    const place = at === 0 ? ` style="grid-column:${weekday}"` : ''
    const title = `${date}: ${states[state]}, ${backups} good backups`
    return `<li class="${state}"${place} title="${title}">${Number(date.slice(8))}</li>`
  })
  return `<figure>\n<figcaption>${month}</figcaption>\n<ol>${cells.join('')}</ol>\n</figure>`
}

function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }
strong.green { color: #1a7f37; } .red strong, strong.red, p.red { color: #c0262d; }
.calendar { display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; }
ol { display: grid; grid-template-columns: repeat(7, 2rem); gap: 3px; list-style: none; margin: 0; padding: 0; }
ol li { border-radius: 4px; line-height: 2rem; text-align: center; }
ol .green { background: #2da44e; color: #fff; }
ol .red { background: #cf222e; color: #fff; font-weight: 700; text-decoration: underline; }
ol .none { background: #8883; }
@media print { body { margin: 0; } ol li { print-color-adjust: exact; } }
`
