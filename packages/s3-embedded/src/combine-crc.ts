import { type CrcName, polynomials } from './crc.ts'

export interface CrcOfPart {
  /** Big-endian. */
  readonly digest: Uint8Array
  readonly bytes: number
}

/**
 * The CRC of the concatenation from the CRCs of its pieces, without their bytes.
 *
 * A CRC of a followed by b is CRC(a) times x^(8·|b|), modulo the polynomial, plus CRC(b).
 */
export function combineCrcs(name: CrcName, parts: readonly CrcOfPart[]): Buffer {
  const field = fieldOf(name)
  const shifts = new Map<number, bigint>()
  let crc = 0n
  for (const part of parts) {
    const shift = shifts.get(part.bytes) ?? field.power(8n * BigInt(part.bytes))
    shifts.set(part.bytes, shift)
    crc = field.multiply(crc, shift) ^ BigInt(`0x${Buffer.from(part.digest).toString('hex')}`)
  }
  const digits = Number(polynomials[name].bits / 4n)
  return Buffer.from(crc.toString(16).padStart(digits, '0'), 'hex')
}

/** Polynomials over GF(2), reflected: the highest bit is the constant term. */
function fieldOf(name: CrcName) {
  const { bits, reflected } = polynomials[name]
  const one = 1n << (bits - 1n)

  function multiply(left: bigint, right: bigint): bigint {
    let product = 0n
    let shifted = right
    for (let bit = one; bit > 0n; bit >>= 1n) {
      if (left & bit) product ^= shifted
      shifted = shifted & 1n ? (shifted >> 1n) ^ reflected : shifted >> 1n
    }
    return product
  }

  /** x to the power of `exponent`. */
  function power(exponent: bigint): bigint {
    let result = one
    let square = one >> 1n
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
      if (rest & 1n) result = multiply(result, square)
      square = multiply(square, square)
    }
    return result
  }

  return { multiply, power }
}
