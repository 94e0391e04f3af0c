/**
 * The tar block as POSIX.1-2001 (ustar, pax interchange) lays it out.
 *
 * An entry is a header block, then its content padded with zeros to whole blocks. What the header
 * cannot hold stands before it in entries of its own: type `x` carries pax records, type `L` and `K`
 * (GNU) a long name or link target as raw bytes. Two zero blocks end the archive.
 */
export const BLOCK_BYTES = 512

/** The two zero blocks that end an archive. */
export const TAR_END_BYTES: number = 2 * BLOCK_BYTES

export const field = {
  name: { at: 0, bytes: 100 },
  mode: { at: 100, bytes: 8 },
  uid: { at: 108, bytes: 8 },
  gid: { at: 116, bytes: 8 },
  size: { at: 124, bytes: 12 },
  mtime: { at: 136, bytes: 12 },
  checksum: { at: 148, bytes: 8 },
  type: { at: 156, bytes: 1 },
  linkName: { at: 157, bytes: 100 },
  magic: { at: 257, bytes: 8 },
  userName: { at: 265, bytes: 32 },
  groupName: { at: 297, bytes: 32 },
  deviceMajor: { at: 329, bytes: 8 },
  deviceMinor: { at: 337, bytes: 8 },
  prefix: { at: 345, bytes: 155 },
} as const

export type Field = (typeof field)[keyof typeof field]

/** Bytes from the end of `size` content bytes to the next block boundary. */
export function paddingOf(size: number): number {
  const over = size % BLOCK_BYTES
  return over === 0 ? 0 : BLOCK_BYTES - over
}

/** The sum of all bytes of a header block, its checksum field counted as spaces. */
export function checksumOf(block: Uint8Array, at: number): number {
  let sum = 8 * 0x20 + sumOf(block, at)
  for (let i = 0; i < field.checksum.bytes; i++) sum -= block[at + field.checksum.at + i] as number
  return sum
}

/** Where it can, four bytes at a time: a quarter of what it takes, and there are two blocks to a file. */
function sumOf(block: Uint8Array, at: number): number {
  const start = block.byteOffset + at
  if (start % 4 !== 0)
    return block.subarray(at, at + BLOCK_BYTES).reduce((sum, byte) => sum + byte, 0)
  const words = new Uint32Array(block.buffer, start, BLOCK_BYTES / 4)
  // Two sums in one number, of 16 bits each: 256 bytes come to no more.
  let sums = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number
    sums += (word & 0xff00ff) + ((word >>> 8) & 0xff00ff)
  }
  return (sums & 0xffff) + (sums >>> 16)
}
