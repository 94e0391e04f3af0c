import { backstreamText, pipelineText } from './contenders.ts'
import type { Spread } from './statistics.ts'
import type { ServerSummary, Summary } from './summary.ts'
import { presetTexts } from './workload.ts'

const mebibyte = 1 << 20

/** A heading and aligned rows: all cells of a column as wide as the widest. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export function renderText(summary: Summary): string {
  const blocks = summary.servers.flatMap((server) => [
    serverTitle(server),
    alignTable(comparison(server)),
    ownFigures(server),
    '',
  ])
  return [headline(summary), '', ...blocks, legend(summary)].join('\n')
}

export function renderMarkdown(summary: Summary): string {
  const blocks = summary.servers.flatMap((server) => [
    `### ${serverTitle(server)}`,
    '',
    markdownTable(comparison(server)),
    '',
    `${ownFigures(server)}.`,
    '',
  ])
  return [`## ${headline(summary)}`, '', ...blocks].join('\n')
}

function headline({ preset, files, bytes, seed }: Summary): string {
  return `${preset}: ${presetTexts[preset]} (${number(files)} files, ${number(bytes / mebibyte)} MiB, seed ${seed})`
}

function serverTitle({ server }: ServerSummary): string {
  return server === 'sink'
    ? 'Into a server that discards what it gets'
    : 'Into the embedded S3 server, on the same cores'
}

function comparison({ contenders, ratios }: ServerSummary): Table {
  const row = (name: string, of: ServerSummary['ratios'], digits: readonly number[]) => [
    name,
    spreadText(of.wallSeconds, 1, digits[0] ?? 2),
    spreadText(of.cpuSeconds, 1, digits[1] ?? 2),
    spreadText(of.peakRssBytes, digits[2] === 0 ? mebibyte : 1, digits[2] ?? 2),
    spreadText(of.storedBytes, digits[3] === 0 ? mebibyte : 1, digits[3] ?? 2),
  ]
  return {
    head: ['', 'wall s', 'CPU s', 'peak RSS MiB', 'stored MiB'],
    rows: [
      row(backstreamText, contenders.backstream, [2, 2, 0, 0]),
      row(pipelineText, contenders.pipeline, [2, 2, 0, 0]),
      row('ratio', ratios, []),
    ],
  }
}

function ownFigures(server: ServerSummary): string {
  const { filesPerSecond, megabytesPerSecond, lagP99Ms, lagMaxMs } = server
  return [
    `${backstreamText}: ${number(filesPerSecond.median)} files/s`,
    `${number(megabytesPerSecond.median)} MB/s`,
    `event-loop lag p99 ${spreadText(lagP99Ms, 1, 1)} ms, longest ${number(lagMaxMs.max)} ms`,
  ].join(', ')
}

function legend({ runs }: Summary): string {
  return `Median of ${runs} interleaved runs [lowest–highest]; a ratio below 1 means that Backstream needs less. bench/README.md says how it is measured.`
}

function spreadText({ median, min, max }: Spread, unit: number, digits: number): string {
  const text = (value: number) => (value / unit).toFixed(digits)
  return `${text(median)} [${text(min)}–${text(max)}]`
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function alignTable({ head, rows }: Table): string {
  const widths = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

function markdownTable({ head, rows }: Table): string {
  // A pipe in a command would end the cell.
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
