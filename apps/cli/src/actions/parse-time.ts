import type { Clock } from '@backstream/kernel'
import { CliError } from '../cli-error.ts'

const isoPattern =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?$/

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * TIME of the command line: ISO 8601, in the local zone when it names none, or an age such as `36h`.
 * A date alone means its first moment.
 */
export function parseTime(text: string, clock: Clock): number {
  const age = /^(\d{1,6})([smhdw])$/.exec(text)
  if (age) return clock.now() - Number(age[1]) * (unitMs[age[2] ?? ''] ?? 0)
  const ms = isoPattern.test(text) ? Date.parse(normalize(text)) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  throw new CliError('usage', `'${text}' is not a time`, {
    remedy: 'Write ISO 8601, such as 2026-11-24T03:15 or 2026-11-24T03:15Z, or an age such as 36h.',
  })
}

/** `Date.parse` takes a date alone for UTC, and a date with a time for local. */
function normalize(text: string): string {
  const iso = text
    .replace(' ', 'T')
    .replace(/ ?UTC$/, 'Z')
    .replace(' ', '')
  return iso.includes('T') ? iso : `${iso}T00:00`
}
