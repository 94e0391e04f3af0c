import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { constants, createZstdCompress } from 'node:zlib'

/** Of one output buffer. Smaller ones mean more trips to the thread pool, larger ones more memory. */
const outputBytes = 1 << 20

/**
 * Makes one zstd frame after the other in one context, whose memory is allocated once.
 *
 * With `flush: ZSTD_e_end` every write is a whole frame, and since it is begun and ended by a single
 * call, zstd knows its size and writes it into the frame's header.
 */
export class ZstdEncoder {
  readonly #stream
  readonly #failed: Promise<never>
  #pieces: Uint8Array[] = []

  constructor(level: number) {
    this.#stream = createZstdCompress({
      flush: constants.ZSTD_e_end,
      chunkSize: outputBytes,
      params: {
        [constants.ZSTD_c_compressionLevel]: level,
        [constants.ZSTD_c_checksumFlag]: 1,
        [constants.ZSTD_c_contentSizeFlag]: 1,
      },
    })
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece))
    this.#failed = once(this.#stream, 'error').then(([error]) => {
      throw error
    })
    this.#failed.catch(() => {}) // whoever has a frame under way is told
  }

  /** The frame's bytes in pieces. One frame at a time; `plain` may change only afterwards. */
  async frame(plain: Uint8Array): Promise<readonly Uint8Array[]> {
    const stream = this.#stream
    const { promise: written, resolve, reject } = Promise.withResolvers<void>()
    stream.write(plain, (error) => (error ? reject(error) : resolve()))
    await Promise.race([written, this.#failed])
    while (stream.readableLength > 0) await setImmediate()
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  close(): void {
    this.#stream.destroy()
  }
}
