import type { Case } from './cases.ts'
import { contenders } from './contenders.ts'
import type { OneFile } from './one-file.ts'
import { renderTable } from './render-table.ts'
import { oursIn, type Round } from './run-case.ts'
import { serverTexts } from './s3-server.ts'
import { type Spread, spreadOf } from './statistics.ts'
import {
  type BenchResult,
  type CaseResult,
  compareRivals,
  partOfLimit,
  roundsOf,
} from './summary.ts'
import { workloadTexts } from './workload.ts'

/** docs/benchmarks.md; on a terminal it reads well as it is. */
export function renderPage(result: BenchResult): string {
  return [
    introduction(result),
    '## Ratios\n',
    'Backstream over the other, median of the ratios of single rounds; below 1 Backstream needs less.\n',
    ratios(result),
    ...result.cases.map(renderCase),
    ...(result.oneFile.length > 0 ? [renderOneFile(result.oneFile)] : []),
  ].join('\n')
}

function introduction({ machine, load, date, scale, seed }: BenchResult): string {
  const { cores, cpu, memoryBytes, system, node, versions } = machine
  const isQuiet = load.before < 0.5
  const noise = isQuiet
    ? 'Nothing else was running.'
    : 'Other work was running: wall times and their ratios are worth little here, CPU seconds more.'
  const size = scale === 1 ? '' : ` Of every workload only 1/${scale} was used.`
  return `# Benchmarks

Written by \`npm run bench\` on ${date}; bench/README.md says what is compared and how. Absolute figures are
of one machine and day; the ratios are what to use. Medians of interleaved rounds, lowest and highest in
brackets.${size}

${cores} cores (${cpu}), ${Math.round(memoryBytes / gibibyte)} GiB, ${system}, Node ${node}; seed ${seed}; ${Object.values(versions).join('; ')}.
Load before the first measurement ${load.before.toFixed(1)}, after the last ${load.after.toFixed(1)}. ${noise}
`
}

function ratios({ cases, oneFile }: BenchResult): string {
  const rows = cases.flatMap((one) => {
    const place = placeOf(one.of)
    const compared = compareRivals(one).map(({ rival, wall, cpu }) => [
      place,
      contenders[rival.name].text,
      against(wall.median, rival.target?.wall),
      against(cpu.median, rival.target?.cpu),
    ])
    const part = partOfLimit(one)
    if (part === null || one.of.limit === undefined) return compared
    const verdict = part >= one.of.limit ? 'reached' : 'missed'
    const limit = `${part.toFixed(2)} of it (≥ ${one.of.limit}: ${verdict})`
    return [...compared, [place, 'the limit', limit, '']]
  })
  if (oneFile.length > 0)
    rows.push(['one file of a large archive', 'all of it', oneFileText(oneFile), ''])
  return renderTable({ head: ['workload', 'against', 'wall', 'CPU s'], rows })
}

function placeOf({ workload, task, server }: Case): string {
  const to = task === 'backup' ? `into ${server}` : `from ${server}`
  return `${workload}, ${task} ${to}`
}

function against(ratio: number, target: number | undefined): string {
  if (target === undefined) return ratio.toFixed(2)
  return `${ratio.toFixed(target < 0.1 ? 3 : 2)} (≤ ${target}: ${ratio <= target ? 'reached' : 'missed'})`
}

function oneFileText(files: readonly OneFile[]): string {
  const part = spreadOf(files.map(({ fetchedBytes, storedBytes }) => fetchedBytes / storedBytes))
  const wall = spreadOf(files.map(({ wallSeconds }) => wallSeconds))
  const isReached = part.median <= 0.01 && wall.median < 1
  return `${(part.median * 100).toFixed(2)} % of its bytes in ${wall.median.toFixed(2)} s (≤ 1 %, < 1 s: ${isReached ? 'reached' : 'missed'})`
}

function renderCase(one: CaseResult): string {
  const { of, workload, rounds } = one
  const names = [oursIn(of), ...of.rivals.map(({ name }) => name)]
  const gigabytes = workload.bytes / 1e9
  const files = workload.files.toLocaleString('en')
  const direction = of.task === 'backup' ? 'into' : 'into memory, from'
  const table = renderTable({
    head: ['', 'wall s', 'CPU s', 'CPU s/GB', 'peak RSS MiB', 'stored MiB', 'requests'],
    rows: names.map((name) => rowOf(contenders[name].text, roundsOf(rounds, name), gigabytes)),
  })
  return [
    `\n## ${of.task === 'backup' ? 'Backup' : 'Restore'}: ${workloadTexts[workload.name]}\n`,
    `${files} files, ${gigabytes.toFixed(2)} GB, ${direction} ${serverTexts[of.server]}.\n`,
    table,
    ownFigures(one),
  ].join('\n')
}

function rowOf(text: string, rounds: readonly Round[], gigabytes: number): string[] {
  const cell = (figure: (round: Round) => number | null, digits: number) => {
    const values = rounds.map(figure).filter((value) => value !== null)
    return values.length === 0 ? '–' : spreadText(spreadOf(values), digits)
  }
  return [
    text,
    cell(({ wallSeconds }) => wallSeconds, 2),
    cell(({ cpuSeconds }) => cpuSeconds, 2),
    cell(({ cpuSeconds }) => cpuSeconds / gigabytes, 2),
    cell(({ peakRssBytes }) => peakRssBytes / mebibyte, 0),
    cell(({ storedBytes }) => storedBytes && storedBytes / mebibyte, 0),
    cell(({ requests }) => requests, 0),
  ]
}

function ownFigures(one: CaseResult): string {
  const ours = roundsOf(one.rounds, oursIn(one.of))
  const lags = ours.flatMap(({ probe }) => (probe ? [probe.lag] : []))
  const lag =
    lags.length === 0
      ? ''
      : `\nEvent-loop lag of backstream: p99 ${spreadText(spreadOf(lags.map(({ p99Ms }) => p99Ms)), 1)} ms, longest ${Math.max(...lags.map(({ maxMs }) => maxMs)).toFixed(0)} ms.\n`
  const { limit } = one
  if (!limit) return lag
  const stage = (name: 'read' | 'compress' | 'upload') =>
    `${name} ${limit[name].wallSeconds.toFixed(2)} s (${limit[name].cpuSeconds.toFixed(2)} CPU s)`
  return `${lag}\nThe limit is ${limit.wallSeconds.toFixed(2)} s: ${stage('read')}, ${stage('compress')}, ${stage('upload')}, each alone; the median run reached ${partOfLimit(one)?.toFixed(2)} of it.\n`
}

function renderOneFile(files: readonly OneFile[]): string {
  const rows = files.map(({ path, wallSeconds, fetchedBytes, storedBytes }) => [
    path,
    wallSeconds.toFixed(2),
    (fetchedBytes / mebibyte).toFixed(2),
    `${((100 * fetchedBytes) / storedBytes).toFixed(2)} %`,
  ])
  const stored = Math.round((files[0]?.storedBytes ?? 0) / mebibyte)
  return `\n## One file out of a large archive\n\n\`backstream restore --path\`, from ${stored} MiB in the Ceph gateway.\n\n${renderTable({ head: ['path', 'wall s', 'fetched MiB', 'of the archive'], rows })}`
}

const mebibyte = 1 << 20
const gibibyte = 2 ** 30

function spreadText({ median, min, max }: Spread, digits: number): string {
  const text = (value: number) => value.toFixed(digits)
  return min === max ? text(median) : `${text(median)} [${text(min)}–${text(max)}]`
}
