import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createZstdDecompress, type ZstdOptions, zstdDecompress } from 'node:zlib'
import { ArchiveError } from './archive-error.ts'
import { writeInto } from './zlib-output.ts'
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
  readonly #stream
  readonly #failed: Promise<never>
  #pieces: Buffer[] = []

  /** `outputBytes`: of the memory that `frame` is given. */
  constructor(outputBytes: number) {
    this.#stream = createZstdDecompress({ chunkSize: outputBytes })
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece))
    this.#failed = once(this.#stream, 'error').then(([cause]) => {
      throw cannotDecompress(cause)
    })
    this.#failed.catch(() => {}) // whoever has a frame under way is told
  }

  /** As `decodeZstdFrame`, in `output`. One at a time; after a rejection no more. */
  async frame({ bytes, plainBytes }: FrameContent, output: Buffer): Promise<Buffer> {
    const stream = this.#stream
    writeInto(stream, output)
    const { promise: written, resolve } = Promise.withResolvers<void>()
    stream.write(bytes, () => resolve())
    await Promise.race([written, this.#failed])
    while (stream.readableLength > 0) await setImmediate()
    const [first = Buffer.alloc(0), ...more] = this.#pieces
    this.#pieces = []
    const plain = more.length === 0 ? first : Buffer.concat([first, ...more])
    assertSize(plain.length, plainBytes)
    return plain
  }

  close(): void {
    this.#stream.destroy()
  }
}

function assertSize(found: number, expected: number | null): void {
  if (expected === null || found === expected) return
  throw new ArchiveError('corrupt', `a zstd frame holds ${found} bytes and says ${expected}`)
}

function cannotDecompress(cause: unknown): ArchiveError {
  return new ArchiveError('corrupt', 'a zstd frame cannot be decompressed', { cause })
}
