/**
 * Finds where zstd frames end (RFC 8878), without decompressing them.
 *
 * Node's decoder stops after the first frame and ignores what follows, so the boundaries have to be
 * known beforehand. A frame is: magic, header descriptor, window descriptor, dictionary id, content
 * size, blocks (three bytes of header each: last flag, type, size), and perhaps a checksum.
 */
import { ArchiveError } from './archive-error.ts'
import type { ByteReader } from './byte-reader.ts'

export interface ZstdFrame {
  /** The whole frame, as it stands. */
  readonly bytes: Buffer
  /** Plain bytes by its header; null when the header does not say. */
  readonly plainBytes: number | null
}

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50

/** The next frame, skippable ones passed over; null at the clean end of the data. */
export async function readZstdFrame(
  reader: ByteReader,
  maxFrameBytes: number,
): Promise<ZstdFrame | null> {
  for (;;) {
    if (await reader.isAtEnd()) return null
    const magic = await reader.read(4)
    const number = magic.readUInt32LE()
    if (number === frameMagic) return await readFrame(reader, { magic, maxFrameBytes })
    // The lowest four bits are free for the writer's use.
    if ((number & 0xfffffff0) >>> 0 !== skippableMagic) {
      throw new ArchiveError(
        'corrupt',
        `no zstd frame begins at byte ${reader.position - 4}, though there is data`,
      )
    }
    await skip(reader, (await reader.read(4)).readUInt32LE())
  }
}

async function skip(reader: ByteReader, size: number): Promise<void> {
  for (let left = size; left > 0; ) {
    const piece = await reader.readSome(left)
    if (piece === null) throw new ArchiveError('truncated', 'the data ends in a skippable frame')
    left -= piece.length
  }
}

async function readFrame(
  reader: ByteReader,
  { magic, maxFrameBytes }: { magic: Buffer; maxFrameBytes: number },
): Promise<ZstdFrame> {
  const descriptor = await reader.read(1)
  const layout = parseDescriptor(descriptor[0] as number)
  const header = await reader.read(layout.headerBytes)
  const { plainBytes, windowBytes } = parseHeader(header, layout)
  for (const size of [plainBytes ?? 0, windowBytes ?? 0]) {
    if (size > maxFrameBytes) {
      throw new ArchiveError('too-large', `a zstd frame asks for ${size} bytes of memory`)
    }
  }
  const pieces = [magic, descriptor, header]
  await readBlocks(reader, { pieces, maxFrameBytes })
  if (layout.hasChecksum) pieces.push(await reader.read(4))
  return { bytes: Buffer.concat(pieces), plainBytes }
}

interface HeaderLayout {
  readonly isSingleSegment: boolean
  readonly hasChecksum: boolean
  readonly dictionaryBytes: number
  readonly sizeBytes: number
  readonly headerBytes: number
}

function parseDescriptor(descriptor: number): HeaderLayout {
  if (descriptor & 0x08) throw new ArchiveError('corrupt', 'a zstd frame sets a reserved bit')
  const isSingleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 0x03] as number
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag
  return {
    isSingleSegment,
    hasChecksum: (descriptor & 0x04) !== 0,
    dictionaryBytes,
    sizeBytes,
    headerBytes: (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes,
  }
}

function parseHeader(
  header: Buffer,
  layout: HeaderLayout,
): { readonly plainBytes: number | null; readonly windowBytes: number | null } {
  let at = 0
  let windowBytes: number | null = null
  if (!layout.isSingleSegment) {
    const byte = header[at] as number
    const base = 2 ** (10 + (byte >> 3))
    windowBytes = base + (base / 8) * (byte & 0x07)
    at++
  }
  const dictionary = header.subarray(at, at + layout.dictionaryBytes)
  if (dictionary.some((byte) => byte !== 0)) {
    throw new ArchiveError('unsupported', 'a zstd frame wants a dictionary')
  }
  at += layout.dictionaryBytes
  return { plainBytes: readContentSize(header.subarray(at)), windowBytes }
}

function readContentSize(field: Buffer): number | null {
  switch (field.length) {
    case 0:
      return null
    case 1:
      return field.readUInt8()
    case 2:
      return field.readUInt16LE() + 256
    case 4:
      return field.readUInt32LE()
    default:
      return Number(field.readBigUInt64LE())
  }
}

const rleBlock = 1
const reservedBlock = 3
const maxBlockBytes = 128 << 10

async function readBlocks(
  reader: ByteReader,
  { pieces, maxFrameBytes }: { pieces: Buffer[]; maxFrameBytes: number },
): Promise<void> {
  let total = 0
  for (let isLast = false; !isLast; ) {
    const header = await reader.read(3)
    const bits = header.readUIntLE(0, 3)
    isLast = (bits & 1) === 1
    const type = (bits >> 1) & 3
    const size = type === rleBlock ? 1 : bits >> 3
    if (type === reservedBlock || size > maxBlockBytes) {
      throw new ArchiveError('corrupt', 'a zstd block has a header that cannot be')
    }
    total += size + 3
    if (total > maxFrameBytes + (maxFrameBytes >> 8)) {
      throw new ArchiveError('too-large', `a zstd frame is longer than ${maxFrameBytes} bytes`)
    }
    pieces.push(header, await reader.read(size))
  }
}
