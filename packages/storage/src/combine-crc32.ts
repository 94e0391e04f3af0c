/** Of zlib and Ethernet, the lowest power of x in the highest bit (RFC 1952, section 8). */
const polynomial = 0xed_b8_83_20
const one = 0x80_00_00_00
/** x to the eighth: what a byte more does to all before it. */
const oneByte = 0x00_80_00_00

/** The CRC-32 of two byte sequences after one another, from theirs and the second one's length. */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(first, powerOf(oneByte, secondBytes)) ^ second) >>> 0
}

function powerOf(base: number, exponent: number): number {
  let power = one
  // Lengths exceed 32 bits, so no shifts.
  for (let rest = exponent, square = base; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square)
    square = multiply(square, square)
  }
  return power
}

/** Product of two polynomials over GF(2), modulo the CRC's. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b
  for (let power = one; power !== 0; power >>>= 1) {
    if ((a & power) !== 0) product ^= shifted
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1
  }
  return product >>> 0
}
