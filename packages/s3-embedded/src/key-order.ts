/**
 * Order of the UTF-8 bytes of two keys, without encoding them. Negative, zero or positive.
 *
 * JavaScript compares UTF-16 units, which puts U+E000…U+FFFF behind the surrogates of U+10000 and up.
 */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

function rank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800
  return unit >= 0xd800 ? unit + 0x2000 : unit
}
