import { promisify } from 'node:util'
import { type ZstdOptions, zstdDecompress } from 'node:zlib'
import { ArchiveError } from './archive-error.ts'
import type { ZstdFrame } from './zstd-frames.ts'

const decompress = promisify<Uint8Array, ZstdOptions, Buffer>(zstdDecompress)

/** The plain bytes of one whole frame; its checksum and its size must hold. Off the main thread. */
export async function decodeZstdFrame(frame: ZstdFrame, maxFrameBytes: number): Promise<Buffer> {
  const expected = frame.plainBytes
  // An empty frame gives no output, and Node wants room for at least 64 bytes.
  const chunkSize = Math.max(64, expected ?? 1 << 20)
  let plain: Buffer
  try {
    plain = await decompress(frame.bytes, { chunkSize, maxOutputLength: maxFrameBytes })
  } catch (cause) {
    const isTooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge
      ? new ArchiveError('too-large', `a zstd frame holds more than ${maxFrameBytes} bytes`, {
          cause,
        })
      : new ArchiveError('corrupt', 'a zstd frame cannot be decompressed', { cause })
  }
  if (expected !== null && plain.length !== expected) {
    throw new ArchiveError(
      'corrupt',
      `a zstd frame holds ${plain.length} bytes and says ${expected}`,
    )
  }
  return plain
}
