import type { RetentionConfig } from '@backstream/config'

const rules = [
  ['keepLast', (count: number) => `the last ${count}`],
  ['keepHourly', (count: number) => `one an hour for ${count} hours`],
  ['keepDaily', (count: number) => `one a day for ${count} days`],
  ['keepWeekly', (count: number) => `one a week for ${count} weeks`],
  ['keepMonthly', (count: number) => `one a month for ${count} months`],
  ['keepYearly', (count: number) => `one a year for ${count} years`],
] as const

/** What retention keeps of a plan's backups, in words. `formatMs` says a duration. */
export function describeRetention(
  retention: RetentionConfig | null,
  formatMs: (ms: number) => string,
): string {
  if (retention === null) return 'everything: no retention is set'
  const kept = rules.flatMap(([key, say]) => {
    const count = retention[key]
    return count === undefined ? [] : [say(count)]
  })
  if (retention.keepWithinMs !== undefined) {
    kept.push(`all of the last ${formatMs(retention.keepWithinMs)}`)
  }
  return kept.join(', ') || 'everything: retention names nothing to keep'
}
