import { promisify } from 'node:util'
import { createZstdDecompress, type ZstdOptions, zstdDecompress } from 'node:zlib'
import { ArchiveError } from './archive-error.ts'
import { OneWriteStream } from './one-write-stream.ts'
import type { ZstdFrame } from './zstd-frames.ts'

const decompress = promisify<Uint8Array, ZstdOptions, Buffer>(zstdDecompress)

type FrameContent = Pick<ZstdFrame, 'bytes' | 'plainBytes'>

/** The plain bytes of one whole frame; its checksum and its size must hold. Off the main thread. */
export async function decodeZstdFrame(frame: FrameContent, maxFrameBytes: number): Promise<Buffer> {
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
      : cannotDecompress(cause)
  }
  assertSize(plain.length, expected)
  return plain
}

/**
 * Decodes one zstd frame after the other in one context, into memory that the caller provides. Frames
 * say how much they hold, and that is no more than fits.
 */
export class ZstdDecoder {
  readonly #stream: OneWriteStream

  /** `outputBytes`: of the memory that `frame` is given. */
  constructor(outputBytes: number) {
    this.#stream = new OneWriteStream(createZstdDecompress({ chunkSize: outputBytes }))
  }

  /** As `decodeZstdFrame`, in `output`. One at a time; after a rejection no more. */
  async frame({ bytes, plainBytes }: FrameContent, output: Buffer): Promise<Buffer> {
    const pieces = await this.#stream.write(bytes, output).catch((cause: unknown) => {
      throw cannotDecompress(cause)
    })
    const [first = Buffer.alloc(0), ...more] = pieces
    const plain = more.length === 0 ? first : Buffer.concat([first, ...more])
    assertSize(plain.length, plainBytes)
    return plain
  }

  close(): void {
    this.#stream.close()
  }
}

function assertSize(found: number, expected: number | null): void {
  if (expected === null || found === expected) return
  throw new ArchiveError('corrupt', `a zstd frame holds ${found} bytes and says ${expected}`)
}

function cannotDecompress(cause: unknown): ArchiveError {
  return new ArchiveError('corrupt', 'a zstd frame cannot be decompressed', { cause })
}
