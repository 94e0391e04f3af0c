import type { PruneReport } from '@backstream/backup'
import type { Paint } from './paint.ts'
import { renderTable } from './table.ts'

/** Each backup of a plan, newest first, with what becomes of it and why. */
export function verdictTable(plan: string, report: PruneReport, paint: Paint): string {
  return renderTable(
    [{ heading: 'BACKUP' }, { heading: '' }, { heading: 'BECAUSE' }],
    report.verdicts.map(({ backup, isKept, reasons }) => [
      `${plan}/${backup}`,
      isKept ? { text: 'keep', paint: paint.good } : { text: 'delete', paint: paint.warn },
      reasons.join(', '),
    ]),
  )
}

const troubles = {
  failed: 'its last run failed',
  suspect: 'its newest backup is not good',
  overdue: 'its newest good backup is overdue',
} as const

/** What came of it, in one line. */
export function pruneOutcome(plan: string, report: PruneReport): string {
  const going = report.verdicts.filter(({ isKept }) => !isKept).length
  switch (report.outcome) {
    case 'nothing':
      return `${plan}: nothing to remove`
    case 'dry-run':
      return `${plan}: ${count(going)} would go, ${report.verdicts.length - going} stay`
    case 'blocked':
      return `${plan}: nothing removed, because ${report.blocks.map((block) => troubles[block]).join(' and ')}`
    case 'held':
      return `${plan}: held: ${count(going)} would go, more than ${report.limit}`
    case 'pruned':
      return `${plan}: ${count(report.removed.length)} removed; \`backstream prune ${plan}/ID --undo\` brings one back`
  }
}

function count(backups: number): string {
  return backups === 1 ? '1 backup' : `${backups} backups`
}
