/**
 * Reads gzip members (RFC 1952) one after the other.
 *
 * Node's gunzip takes trailing garbage for the end and says nothing, so the framing is read here and
 * only the deflate data in between is zlib's.
 */
import { once } from 'node:events'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { ArchiveError } from './archive-error.ts'
import type { ByteReader } from './byte-reader.ts'

/** Deflate expands at most 1032 times, so what one input gives stays within bounds. */
const inputBytes = 64 << 10

/** A member of ours is smaller. A larger one, as of an archive somebody else made, comes as it is read. */
const heldBackBytes = 16 << 20

/**
 * The plain bytes of all members, in chunks; sizes and CRC-32 of each member must hold. Of one that is
 * not larger than a frame may be, nothing comes before they do.
 */
export async function* gunzipMembers(
  reader: ByteReader,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  while (!(await reader.isAtEnd())) {
    await readMemberHeader(reader)
    let crc = 0
    let size = 0
    const held: Buffer[] = []
    for await (const chunk of inflateMember(reader, signal)) {
      crc = crc32(chunk, crc)
      size += chunk.length
      held.push(chunk)
      if (size > heldBackBytes) yield* held.splice(0)
    }
    const trailer = await reader.read(8)
    if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== size % 2 ** 32) {
      throw new ArchiveError('corrupt', 'a gzip member does not match its checksum')
    }
    yield* held
  }
}

async function readMemberHeader(reader: ByteReader): Promise<void> {
  const header = await reader.read(10)
  if (header.readUInt16BE(0) !== 0x1f8b || header[2] !== 8) {
    throw new ArchiveError(
      'corrupt',
      `no gzip member begins at byte ${reader.position - 10}, though there is data`,
    )
  }
  const flags = header[3] as number
  if (flags & 0xe0) throw new ArchiveError('corrupt', 'a gzip member sets reserved bits')
  if (flags & 0x04) await reader.read((await reader.read(2)).readUInt16LE())
  if (flags & 0x08) await skipText(reader)
  if (flags & 0x10) await skipText(reader)
  if (flags & 0x02) await reader.read(2)
}

async function skipText(reader: ByteReader): Promise<void> {
  for (let left = 64 << 10; left > 0; left--) {
    if ((await reader.read(1))[0] === 0) return
  }
  throw new ArchiveError('too-large', 'a gzip member has a name without end')
}

/** Leaves the reader at the first byte behind the deflate data. */
async function* inflateMember(
  reader: ByteReader,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const inflate = createInflateRaw({ chunkSize: 256 << 10 })
  const output: Buffer[] = []
  inflate.on('data', (chunk: Buffer) => output.push(chunk))
  const ended = once(inflate, 'end').catch((cause: unknown) => {
    throw new ArchiveError('corrupt', 'a gzip member cannot be decompressed', { cause })
  })
  ended.catch(() => {}) // awaited last
  let taken = 0
  try {
    // zlib leaves alone what stands behind the end of its data: that is how the end shows.
    while (inflate.bytesWritten === taken && !inflate.errored) {
      signal.throwIfAborted()
      const chunk = await reader.readSome(inputBytes)
      if (chunk === null) throw new ArchiveError('truncated', 'the data ends inside a gzip member')
      taken += chunk.length
      await write(inflate, chunk)
      yield* output.splice(0)
    }
    await ended
    yield* output
  } finally {
    inflate.destroy()
  }
  reader.unread(taken - inflate.bytesWritten)
}

/** Until it has been taken, or the stream has failed: then it is never called back. */
async function write(inflate: InflateRaw, chunk: Buffer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const settle = (): void => resolve()
  inflate.once('error', settle)
  inflate.write(chunk, settle)
  await promise
  inflate.off('error', settle)
}
