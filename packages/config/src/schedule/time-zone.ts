/**
 * Wall clocks. A zone's wall clock shows `local(t) = t + offset(t)`; it jumps forward when daylight
 * saving skips an hour and back when one occurs twice. A naive local time is a number of
 * milliseconds as if the wall clock were UTC.
 */
import { nearest } from '../nearest.ts'
import { ValueError } from '../value-error.ts'

const hourMs = 3_600_000
/** Offsets lie between -12 and +14 hours; an hour more on each side. */
const eastMs = 15 * hourMs
const westMs = 13 * hourMs

const formats = new Map<string, Intl.DateTimeFormat>()

/** Throws `ValueError` when this machine's time zone data does not know the name. */
export function checkTimeZone(name: string): void {
  if (/^\S+$/.test(name) && formatOf(name)) return
  const close = nearest(name, Intl.supportedValuesOf('timeZone'))
  throw new ValueError('not a known time zone', {
    remedy: close ? `did you mean ${close}?` : 'write a name such as Europe/Berlin or UTC',
  })
}

/**
 * The instant at which a naive local time is run: the first moment at which the wall clock shows it
 * or something later.
 *
 * That one rule is all three: the time itself, the first of two, and the first moment after a gap.
 */
export function instantOf(zone: string, localMs: number): number {
  const change = findChange(zone, localMs - eastMs, localMs + westMs)
  if (localMs - change.before < change.at) return localMs - change.before
  return Math.max(localMs - change.after, change.at)
}

/**
 * The latest naive local time whose instant is not after `ms`. During the second pass of an hour
 * that occurs twice it stands still at that hour's end, since all of it has been.
 */
export function localHighWater(zone: string, ms: number): number {
  const local = ms + offsetAt(zone, ms)
  const change = findChange(zone, ms - 26 * hourMs, ms)
  return Math.max(local, change.at <= ms ? change.at + change.before - 1 : local)
}

/** The largest step back the wall clock makes in the zone's rules for the coming years. */
export function largestStepBackMs(zone: string): number {
  const known = stepsBack.get(zone)
  if (known !== undefined) return known
  // Rules are projected forward by the time zone data, so a fixed decade stands for the future
  // and the answer depends on nothing but the zone.
  const from = Date.UTC(2026, 0, 1)
  let largest = 0
  let before = offsetAt(zone, from)
  for (let week = 1; week < 530; week += 1) {
    const after = offsetAt(zone, from + week * 7 * 24 * hourMs)
    largest = Math.max(largest, before - after)
    before = after
  }
  stepsBack.set(zone, largest)
  return largest
}
const stepsBack = new Map<string, number>()

interface Change {
  /** The first instant of the offset `after`; `Infinity` when there is no change. */
  readonly at: number
  readonly before: number
  readonly after: number
}

function findChange(zone: string, fromMs: number, toMs: number): Change {
  const before = offsetAt(zone, fromMs)
  const after = offsetAt(zone, toMs)
  if (before === after) return { at: Number.POSITIVE_INFINITY, before, after }
  let low = Math.floor(fromMs / 1000)
  let high = Math.ceil(toMs / 1000)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle * 1000) === before) low = middle
    else high = middle
  }
  return { at: high * 1000, before, after }
}

/** What the zone's wall clock shows, as milliseconds as if it were UTC. */
export function localTime(zone: string, ms: number): number {
  return ms + offsetAt(zone, ms)
}

/** Milliseconds to add to UTC to get the zone's wall clock at this instant. */
export function offsetAt(zone: string, ms: number): number {
  const format = formatOf(zone)
  if (!format) throw new ValueError('not a known time zone')
  const second = Math.floor(ms / 1000) * 1000
  const shown = format.format(second).match(/\d+/g)?.map(Number) ?? []
  const [month = 0, day = 0, year = 0, hours = 0, minutes = 0, seconds = 0] = shown
  return Date.UTC(year, month - 1, day, hours, minutes, seconds) - second
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(zone)
  if (known) return known
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
    return format
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
