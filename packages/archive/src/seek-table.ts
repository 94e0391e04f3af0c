/**
 * The frame table once more, at the end of the archive itself: zstd's seekable format, a skippable
 * frame that every decoder passes over. With it an archive whose index is lost is still an archive
 * of frames that can be fetched one by one.
 *
 *   magic 0x184D2A5E | size | compressed, plain size of each frame | frames | 0 | magic 0x8F92EAB1
 *
 * https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md
 */
import { ArchiveError } from './archive-error.ts'

const skippableMagic = 0x184d2a5e
const seekableMagic = 0x8f92eab1
const headBytes = 8
const footerBytes = 9
const entryBytes = 8
const checksumFlag = 0x80
const reservedBits = 0x7c

/** `frames`: compressed and plain bytes of each in turn, as in the index. */
export function encodeSeekTable(frames: readonly number[]): Buffer {
  const count = frames.length / 2
  const table = Buffer.alloc(headBytes + count * entryBytes + footerBytes)
  table.writeUInt32LE(skippableMagic, 0)
  table.writeUInt32LE(table.length - headBytes, 4)
  for (const [at, bytes] of frames.entries()) table.writeUInt32LE(bytes, headBytes + at * 4)
  const footer = headBytes + count * entryBytes
  table.writeUInt32LE(count, footer)
  table.writeUInt32LE(seekableMagic, footer + 5)
  return table
}

/** Bytes by range, before encryption. */
interface SeekableObject {
  read(start: number, end: number): Promise<Buffer>
  readonly bytes: number
}

/**
 * The frames of an archive as its own end tells them, in two reads; `corrupt` where there is no such
 * table or it does not describe what stands before it.
 */
export async function readSeekTable(archive: SeekableObject): Promise<number[]> {
  const end = archive.bytes
  const footer = await archive.read(Math.max(0, end - footerBytes), end)
  if (footer.length !== footerBytes || footer.readUInt32LE(5) !== seekableMagic) {
    throw new ArchiveError('corrupt', 'the archive does not end in a seek table')
  }
  const descriptor = footer[4] as number
  if (descriptor & reservedBits)
    throw new ArchiveError('corrupt', 'the seek table is of a new kind')
  const stride = entryBytes + (descriptor & checksumFlag ? 4 : 0)
  const count = footer.readUInt32LE(0)
  const start = end - footerBytes - count * stride - headBytes
  if (start < 0) throw new ArchiveError('corrupt', 'the seek table is larger than the archive')
  const table = await archive.read(start, end - footerBytes)
  const frames = parseTable(table, stride)
  const stored = frames.reduce((sum, bytes, at) => (at % 2 === 0 ? sum + bytes : sum), 0)
  if (stored === start) return frames
  throw new ArchiveError('corrupt', 'the seek table does not describe the archive before it')
}

function parseTable(table: Buffer, stride: number): number[] {
  const announced = table.length - headBytes + footerBytes
  if (table.readUInt32LE(0) !== skippableMagic || table.readUInt32LE(4) !== announced) {
    throw new ArchiveError('corrupt', 'the seek table does not stand in a frame of its own')
  }
  const frames: number[] = []
  for (let at = headBytes; at < table.length; at += stride) {
    frames.push(table.readUInt32LE(at), table.readUInt32LE(at + 4))
  }
  return frames
}
