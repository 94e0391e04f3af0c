import { ArchiveError } from './archive-error.ts'

/** Parses `length keyword=value\n` records; later ones replace earlier ones. Values stay bytes. */
export function parsePaxRecords(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const digits = space === -1 ? '' : bytes.toString('latin1', at, space)
    const end = at + (/^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : 0)
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

/** Decimal seconds with any fraction, to whole nanoseconds. */
export function paxTimeNs(value: Buffer): bigint {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString('latin1'))
  if (!match) throw new ArchiveError('corrupt', 'a pax record holds a time that is not one')
  const fraction = (match[3] ?? '').slice(0, 9).padEnd(9, '0')
  const ns = BigInt(match[2] as string) * 1_000_000_000n + BigInt(fraction)
  return match[1] === '-' ? -ns : ns
}
