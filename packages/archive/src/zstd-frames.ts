/**
 * Finds where zstd frames end (RFC 8878), without decompressing them.
 *
 * Node's decoder stops after the first frame and ignores what follows, so the boundaries have to be
 * known beforehand. A frame is: magic, header descriptor, window descriptor, dictionary id, content
 * size, blocks (three bytes of header each: last flag, type, size), and perhaps a checksum.
 */
import { type BufferPool, copyBytes } from '@backstream/kernel'
import { ArchiveError } from './archive-error.ts'
import type { ByteReader } from './byte-reader.ts'

export interface ZstdFrame {
  /** The whole frame, as it stands. */
  readonly bytes: Buffer
  /** Plain bytes by its header; null when the header does not say. */
  readonly plainBytes: number | null
  /** To be called once, when its bytes are not needed any more. */
  release(): void
}

export interface ReadFrameOptions {
  /** A frame that is longer, or asks for more memory, is refused. */
  readonly maxFrameBytes: number
  /** Where its bytes are put, if they fit; else in memory of their own. */
  readonly buffers?: BufferPool
}

const frameMagic = 0xfd2fb528
const magicBytes = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const skippableMagic = 0x184d2a50

/** The next frame, skippable ones passed over; null at the clean end of the data. */
export async function readZstdFrame(
  reader: ByteReader,
  options: ReadFrameOptions,
): Promise<ZstdFrame | null> {
  for (;;) {
    if (await reader.isAtEnd()) return null
    const number = (await reader.read(4)).readUInt32LE()
    if (number === frameMagic) return await readFrame(reader, options)
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
  { maxFrameBytes, buffers }: ReadFrameOptions,
): Promise<ZstdFrame> {
  const gathered = new GatheredFrame(buffers)
  const take = async (size: number): Promise<Buffer> => gathered.add(await reader.read(size))
  gathered.add(magicBytes)
  const layout = parseDescriptor((await take(1))[0] as number)
  const { plainBytes, windowBytes } = parseHeader(await take(layout.headerBytes), layout)
  for (const size of [plainBytes ?? 0, windowBytes ?? 0]) {
    if (size > maxFrameBytes) {
      throw new ArchiveError('too-large', `a zstd frame asks for ${size} bytes of memory`)
    }
  }
  await takeBlocks(take, maxFrameBytes)
  if (layout.hasChecksum) await take(4)
  return { bytes: gathered.bytes(), plainBytes, release: () => gathered.release() }
}

/** A frame's bytes, copied as they come: the reader's are gone when it reads on. */
class GatheredFrame {
  readonly #buffers: BufferPool | undefined
  #buffer: Buffer
  #filled = 0

  constructor(buffers: BufferPool | undefined) {
    this.#buffers = buffers
    this.#buffer = buffers?.take() ?? Buffer.allocUnsafe(64 << 10)
  }

  /** Returns the copy, valid until the next one is added. */
  add(piece: Buffer): Buffer {
    const start = this.#filled
    const end = start + piece.length
    if (end > this.#buffer.length) this.#grow(end)
    copyBytes(piece, this.#buffer, start)
    this.#filled = end
    return this.#buffer.subarray(start, end)
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#filled)
  }

  release(): void {
    if (this.#buffer.length === this.#buffers?.bytes) this.#buffers.giveBack(this.#buffer)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    copyBytes(this.bytes(), larger, 0)
    this.release()
    this.#buffer = larger
  }
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

async function takeBlocks(
  take: (size: number) => Promise<Buffer>,
  maxFrameBytes: number,
): Promise<void> {
  let total = 0
  for (let isLast = false; !isLast; ) {
    const bits = (await take(3)).readUIntLE(0, 3)
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
    await take(size)
  }
}
