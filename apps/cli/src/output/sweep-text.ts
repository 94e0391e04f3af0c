import type { SweepReport, SweptAttempt } from '@backstream/backup'
import { formatBytes } from '@backstream/config'
import type { Paint } from './paint.ts'
import { renderTable } from './table.ts'

const reasons: Readonly<Record<SweptAttempt['reason'], string>> = {
  abandoned: 'its run ended without a backup',
  voided: 'it was given up, and not all of it removed',
  pruned: 'pruned, and its time to be brought back is over',
  'stray-uploads': 'uploads that nobody goes on with, beside a backup',
  'old-void': 'the mark of an attempt that was given up long ago',
  probe: 'left by a look at what the store can do',
}

/** Each attempt with what goes, or waits, and why; '' where there is nothing. */
export function sweepTable(
  swept: readonly { readonly report: SweepReport }[],
  paint: Paint,
): string {
  return renderTable(
    [
      { heading: 'WHAT' },
      { heading: '' },
      { heading: 'UPLOADS', align: 'right' },
      { heading: 'OBJECTS', align: 'right' },
      { heading: 'SIZE', align: 'right' },
      { heading: 'BECAUSE' },
    ],
    swept.flatMap(({ report }) => [
      ...report.swept.map(({ ref, reason, uploads, objects, bytes }) => [
        ref,
        { text: 'remove', paint: paint.warn },
        String(uploads),
        String(objects),
        formatBytes(bytes),
        reasons[reason],
      ]),
      ...report.waiting.map(({ ref, why }) => [ref, 'wait', '', '', '', why]),
    ]),
  )
}

/** What came of it, in one line. */
export function describeSweep(report: SweepReport, isDone: boolean): string {
  if (report.outcome === 'unclaimed') return 'nothing was backed up there yet'
  const { swept, waiting, bytes, foreign, unknownPlans } = report
  const verb = isDone ? 'removed' : 'would go'
  const parts = [
    swept.length === 0 ? 'nothing to remove' : `${swept.length} ${verb}, ${formatBytes(bytes)}`,
  ]
  if (waiting.length > 0) parts.push(`${waiting.length} waited for`)
  if (unknownPlans.length > 0) parts.push(`not in the configuration: ${some(unknownPlans)}`)
  if (foreign.length > 0) parts.push(`${foreign.length} other key(s), left alone: ${some(foreign)}`)
  return parts.join('; ')
}

/** What somebody must look at, a line each. */
export function sweepTroubles(report: SweepReport): string[] {
  return [
    ...report.manifestGone.map(
      (ref) => `the manifest of ${ref} is gone, and not by pruning: its objects are left alone`,
    ),
    ...report.unreadable.map((ref) => `what stands in the slot of ${ref} is no manifest`),
    ...report.locked.map((ref) => `${ref} is locked: the store keeps it for now`),
    ...report.failures.map(({ ref, message }) => `${ref}: ${message}`),
  ]
}

function some(names: readonly string[]): string {
  const rest = names.length - 5
  return [...names.slice(0, 5), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ')
}
