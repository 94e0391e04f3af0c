/**
 * Bech32 (BIP 173), the text form of age's keys: `age1…` for recipients, `AGE-SECRET-KEY-1…` for
 * identities. Without BIP 173's limit of 90 characters, as age has it.
 */
const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const checksumLetters = 6

/** The bytes behind `prefix`, or null for what is no bech32 of it. Cases may not be mixed. */
export function decodeBech32(text: string, prefix: string): Buffer | null {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return null
  if (!lower.startsWith(`${prefix}1`)) return null
  const letters = lower.slice(prefix.length + 1)
  const values = [...letters].map((letter) => alphabet.indexOf(letter))
  if (letters.length < checksumLetters || values.includes(-1)) return null
  if (polymod([...expandPrefix(prefix), ...values]) !== 1) return null
  return fromFiveBits(values.slice(0, -checksumLetters))
}

/** In lower case. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const values = toFiveBits(bytes)
  const room = Array.from({ length: checksumLetters }, () => 0)
  const sum = polymod([...expandPrefix(prefix), ...values, ...room]) ^ 1
  const check = room.map((_, at) => (sum >>> (5 * (checksumLetters - 1 - at))) & 31)
  return `${prefix}1${[...values, ...check].map((value) => alphabet.charAt(value)).join('')}`
}

function expandPrefix(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function polymod(values: readonly number[]): number {
  let state = 1
  for (const value of values) {
    const top = state >>> 25
    state = ((state & 0x1ffffff) << 5) ^ value
    generators.forEach((generator, bit) => {
      if ((top >>> bit) & 1) state ^= generator
    })
  }
  return state >>> 0
}

function toFiveBits(bytes: Uint8Array): number[] {
  const values: number[] = []
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; ) {
      bits -= 5
      values.push((held >>> bits) & 31)
    }
  }
  if (bits > 0) values.push((held << (5 - bits)) & 31)
  return values
}

/** Null when the bits left over are more than padding, or not zero. */
function fromFiveBits(values: readonly number[]): Buffer | null {
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const value of values) {
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >>> bits) & 0xff)
    }
  }
  const isPadding = bits < 5 && (held & ((1 << bits) - 1)) === 0
  return isPadding ? Buffer.from(bytes) : null
}
