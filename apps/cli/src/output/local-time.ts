/**
 * `2026-11-24 03:15:00 +01:00` in the local time zone (TZ): what tables show, and what `--before`
 * reads. UTC is written `UTC`.
 */
export function formatLocalTime(ms: number, timeZone?: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  const zone = of('timeZoneName').replace(/^GMT(?:\+00:00)?/, '') || 'UTC'
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')} ${zone}`
}
