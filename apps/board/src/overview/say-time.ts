/** Local time with its zone; that of the process when `timeZone` is undefined. */
export function createSayTime(timeZone: string | undefined): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(timeZone !== undefined && { timeZone }),
  })
  return (ms) => format.format(ms)
}
