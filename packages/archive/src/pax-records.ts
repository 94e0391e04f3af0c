import { ArchiveError } from './archive-error.ts'

/** Parses `length keyword=value\n` records; later ones replace earlier ones. Values stay bytes. */
export function parsePaxRecords(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const end = at + lengthAt(bytes, at, space)
    const equals = bytes.indexOf(0x3d, space)
    if (end <= space || end > bytes.length || bytes[end - 1] !== 0x0a || equals >= end - 1) {
      throw new ArchiveError('corrupt', 'a pax header holds a record that is not one')
    }
    if (equals === -1) throw new ArchiveError('corrupt', 'a pax record has no value')
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

/** The digits from `at` to `end`; 0 where it is no length. */
function lengthAt(bytes: Buffer, at: number, end: number): number {
  if (end - at > 10 || bytes[at] === 0x30) return 0
  let length = 0
  for (let i = at; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30
    if (digit < 0 || digit > 9) return 0
    length = length * 10 + digit
  }
  return length
}

/** A non-negative whole number, such as a size or an owner. */
export function paxNumber(value: Buffer): number {
  const number = /^\d{1,16}$/.test(value.toString('latin1'))
    ? Number(value.toString('latin1'))
    : Number.NaN
  if (!Number.isSafeInteger(number)) {
    throw new ArchiveError('corrupt', 'a pax record holds a number that is not one')
  }
  return number
}

export interface PaxTime {
  readonly seconds: number
  /** Of the sign of the seconds. */
  readonly nanoseconds: number
}

/** Decimal seconds with any fraction, cut to whole nanoseconds. */
export function paxTime(value: Buffer): PaxTime {
  const text = value.toString('latin1')
  if (!/^-?\d{1,15}(?:\.\d*)?$/.test(text)) {
    throw new ArchiveError('corrupt', 'a pax record holds a time that is not one')
  }
  const dot = text.indexOf('.')
  const sign = text.startsWith('-') ? -1 : 1
  if (dot === -1) return { seconds: Number(text), nanoseconds: 0 }
  const fraction = text.slice(dot + 1, dot + 10)
  const nanoseconds = Number(fraction) * 10 ** (9 - fraction.length)
  return { seconds: Number(text.slice(0, dot)), nanoseconds: sign * nanoseconds }
}
