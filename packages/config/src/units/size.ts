import { ValueError } from '../value-error.ts'

const letters = ['', 'K', 'M', 'G', 'T', 'P'] as const

export const sizePattern: RegExp = /^(\d{1,15}(?:\.\d{1,6})?) ?([kKMGTP]i?)?B$/

/**
 * Bytes of `512KiB`, `10MiB` (powers of 1024) or `1GB` (powers of 1000); fractions such as `1.5GiB`
 * are rounded to whole bytes. Throws `ValueError` for anything else, a bare number included.
 */
export function parseSize(text: string): number {
  const trimmed = text.trim()
  const match = sizePattern.exec(trimmed)
  const bytes = match ? Math.round(Number(match[1]) * unitBytes(match[2] ?? '')) : Number.NaN
  if (Number.isSafeInteger(bytes)) return bytes
  if (match) throw new ValueError('the size is too large')
  throw new ValueError(/^\d+$/.test(trimmed) ? 'a size needs a unit' : 'not a size', {
    remedy: sizeRemedy(trimmed),
  })
}

function unitBytes(unit: string): number {
  const power = letters.indexOf(unit.charAt(0).toUpperCase() as (typeof letters)[number])
  return (unit.endsWith('i') ? 1024 : 1000) ** power
}

function sizeRemedy(text: string): string {
  const short = /^(\d+(?:\.\d+)?) ?([kKMGTP])$/.exec(text)
  if (short) {
    const letter = short[2]?.toUpperCase()
    return `write ${short[1]}${letter}iB (powers of 1024) or ${short[1]}${letter}B (powers of 1000)`
  }
  return 'write a number and a unit: 512KiB, 10MiB, 1GB'
}

/** Bytes a second of `20MiB/s`; above zero. Throws `ValueError` for anything else. */
export function parseRate(text: string): number {
  const remedy = 'write a size and /s: 20MiB/s'
  const match = /^(.*\S) ?\/ ?s$/.exec(text.trim())
  if (!match?.[1]) throw new ValueError('not a rate', { remedy })
  const rate = parseSize(match[1])
  if (rate <= 0) throw new ValueError('a rate must be more than nothing', { remedy })
  return rate
}

/** For people, in powers of 1024 with at most one decimal: `0 B`, `512 KiB`, `1.4 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let power = 0
  while (Math.abs(Number(value.toFixed(1))) >= 1024 && power < letters.length - 1) {
    value /= 1024
    power += 1
  }
  const digits =
    Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)
  return `${digits.replace(/\.0$/, '')} ${power === 0 ? 'B' : `${letters[power]}iB`}`
}
