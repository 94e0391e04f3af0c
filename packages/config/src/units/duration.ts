import { ValueError } from '../value-error.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const week = 7 * day

interface Units {
  readonly pattern: RegExp
  readonly ms: Readonly<Record<string, number>>
  readonly remedy: string
}

const general: Units = {
  pattern: /^(\d{1,12})(s|m|h|d|w)$/,
  ms: { s: second, m: minute, h: hour, d: day, w: week },
  remedy: 'write a whole number and one of s, m, h, d, w: 90s, 10m, 26h, 7d, 2w',
}

/** A month and a year are taken at their longest: retention never keeps less than was written. */
const retention: Units = {
  pattern: /^(\d{1,12})(h|d|w|mo|y)$/,
  ms: { h: hour, d: day, w: week, mo: 31 * day, y: 366 * day },
  remedy: 'write a whole number and one of h, d, w, mo, y: 48h, 7d, 4w, 6mo, 1y',
}

export const durationPattern: RegExp = general.pattern
export const retentionDurationPattern: RegExp = retention.pattern

/**
 * Milliseconds of `90s`, `10m`, `26h`, `7d` or `2w`; above zero.
 *
 * Throws `ValueError` for anything else; a bare number is refused, since nobody can tell its unit.
 */
export function parseDuration(text: string): number {
  return parseWith(text.trim(), general)
}

/** Milliseconds of a duration in `retention`: `h d w mo y`. `m` is refused, as it has two readings. */
export function parseRetentionDuration(text: string): number {
  const number = /^(\d{1,12})m$/.exec(text.trim())?.[1]
  if (number !== undefined) {
    throw new ValueError(`\`${number}m\` could mean ${number} months or ${number} minutes`, {
      remedy: `write ${number}mo for months; retention does not count in minutes`,
    })
  }
  return parseWith(text.trim(), retention)
}

function parseWith(text: string, units: Units): number {
  const { remedy } = units
  const match = units.pattern.exec(text)
  if (!match) {
    const bare = /^\d+$/.test(text)
    throw new ValueError(bare ? 'a duration needs a unit' : 'not a duration', { remedy })
  }
  const ms = Number(match[1]) * (units.ms[match[2] ?? ''] ?? Number.NaN)
  if (ms > 0 && Number.isSafeInteger(ms)) return ms
  throw new ValueError(ms === 0 ? 'must be longer than nothing' : 'is too long', { remedy })
}

/**
 * The shortest text that `parseDuration` reads as exactly this many milliseconds: `26h`, `90s`, `2w`.
 * Parts of a second are rounded away.
 */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms / second) * second
  const unit = Object.entries(general.ms).findLast(([, size]) => whole !== 0 && whole % size === 0)
  return unit ? `${whole / unit[1]}${unit[0]}` : '0s'
}

/** For people: the two largest units that matter, rounded down: `1d 3h`, `2h 13m`, `45s`. */
export function describeDuration(ms: number): string {
  let rest = Math.floor(Math.abs(ms) / second) * second
  const parts: string[] = []
  for (const [unit, size] of Object.entries(general.ms).toReversed()) {
    if (unit === 'w') continue
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length > 0 ? parts.join(' ') : '0s'
}
