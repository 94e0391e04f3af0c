/**
 * CRC-64 as Redis writes it behind its dumps (polynomial of Jones, reflected, begun with 0), in halves
 * of 32 bits and eight bytes at a time: with BigInt a dump would take hours.
 */
const polynomial = 0x95ac9329ac4bc9b5n

/** `low[k * 256 + b]`: what the byte b does to the sum when k bytes follow it. */
const low = new Int32Array(8 * 256)
const high = new Int32Array(8 * 256)
for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n
  low[byte] = Number(value & 0xffffffffn)
  high[byte] = Number(value >> 32n)
}
for (let at = 256; at < 8 * 256; at++) {
  const [l, h] = [low[at - 256] ?? 0, high[at - 256] ?? 0]
  low[at] = ((l >>> 8) | (h << 24)) ^ (low[l & 0xff] ?? 0)
  high[at] = (h >>> 8) ^ (high[l & 0xff] ?? 0)
}

export class Crc64 {
  #low = 0
  #high = 0

  update(bytes: Buffer): void {
    let [l, h] = [this.#low, this.#high]
    let at = 0
    for (; at + 8 <= bytes.length; at += 8) {
      l ^= bytes.readInt32LE(at)
      h ^= bytes.readInt32LE(at + 4)
      const a = 1792 + (l & 0xff)
      const b = 1536 + ((l >>> 8) & 0xff)
      const c = 1280 + ((l >>> 16) & 0xff)
      const d = 1024 + (l >>> 24)
      const e = 768 + (h & 0xff)
      const f = 512 + ((h >>> 8) & 0xff)
      const g = 256 + ((h >>> 16) & 0xff)
      const i = h >>> 24
      l =
        lookUp(low, a) ^
        lookUp(low, b) ^
        lookUp(low, c) ^
        lookUp(low, d) ^
        lookUp(low, e) ^
        lookUp(low, f) ^
        lookUp(low, g) ^
        lookUp(low, i)
      h =
        lookUp(high, a) ^
        lookUp(high, b) ^
        lookUp(high, c) ^
        lookUp(high, d) ^
        lookUp(high, e) ^
        lookUp(high, f) ^
        lookUp(high, g) ^
        lookUp(high, i)
    }
    for (; at < bytes.length; at++) {
      const index = (l ^ (bytes[at] ?? 0)) & 0xff
      l = ((l >>> 8) | (h << 24)) ^ lookUp(low, index)
      h = (h >>> 8) ^ lookUp(high, index)
    }
    this.#low = l
    this.#high = h
  }

  /** So far, the lowest byte first, as it stands in a dump. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8)
    bytes.writeInt32LE(this.#low, 0)
    bytes.writeInt32LE(this.#high, 4)
    return bytes
  }
}

function lookUp(table: Int32Array, at: number): number {
  return table[at] as number
}
