import { blows } from './blows.ts'
import { phases } from './phases.ts'
import type { CellResult } from './run-cell.ts'

export function describeResult(result: CellResult): string {
  const { phase, blow, outcome, problems, leftForSweep, seconds } = result
  const swept = leftForSweep > 0 ? `, ${leftForSweep} left for the sweep` : ''
  const head = `${problems.length === 0 ? 'ok    ' : 'BROKEN'} ${phase.name} × ${blow.name}: ${outcome}${swept} (${seconds.toFixed(1)} s)`
  return [head, ...problems.map((problem) => `         ${problem}`)].join('\n')
}

/** Blows down, phases across. */
export function markdownTable(results: readonly CellResult[]): string {
  const rows = blows.map((blow) => {
    const cells = phases.map((phase) => {
      const result = results.find((one) => one.blow === blow && one.phase === phase)
      return result ? mark(result) : ' '
    })
    return `| ${blow.name} | ${cells.join(' | ')} |`
  })
  return [
    `| | ${phases.map(({ name }) => name).join(' | ')} |`,
    `|---|${phases.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n')
}

function mark({ outcome, problems, leftForSweep }: CellResult): string {
  if (problems.length > 0) return '**broken**'
  return leftForSweep > 0 ? `${outcome}, swept` : outcome
}
