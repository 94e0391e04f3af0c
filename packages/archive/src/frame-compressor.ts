import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ZstdEncoder } from './zstd-encoder.ts'

export interface Compression {
  readonly algorithm: 'zstd' | 'gzip' | 'none'
  readonly level: number
}

/** Compresses frames off the main thread, as many at once as it is asked to. */
export interface FrameCompressor extends Disposable {
  /** The frame's bytes in pieces. They may be a view of the argument (`none`). */
  compress(plain: Uint8Array): Promise<readonly Uint8Array[]>
}

const compressGzip = promisify(gzip)

/** To be disposed of once no frame is under way. */
export function createFrameCompressor({ algorithm, level }: Compression): FrameCompressor {
  switch (algorithm) {
    case 'none':
      return withoutState((plain) => Promise.resolve([plain]))
    case 'gzip':
      return withoutState(async (plain) => {
        // Room for a frame that does not shrink: a second buffer would be joined by a copy.
        const chunkSize = plain.length + (plain.length >> 8) + 1024
        return [await compressGzip(plain, { level, chunkSize })]
      })
    case 'zstd':
      return createZstdCompressor(level)
  }
}

function withoutState(compress: FrameCompressor['compress']): FrameCompressor {
  return { compress, [Symbol.dispose]: () => {} }
}

function createZstdCompressor(level: number): FrameCompressor {
  const all: ZstdEncoder[] = []
  const idle: ZstdEncoder[] = []
  const open = (): ZstdEncoder => {
    const encoder = new ZstdEncoder(level)
    all.push(encoder)
    return encoder
  }
  return {
    async compress(plain) {
      const encoder = idle.pop() ?? open()
      const pieces = await encoder.frame(plain)
      idle.push(encoder) // one that failed is not used again
      return pieces
    },
    [Symbol.dispose]() {
      for (const encoder of all) encoder.close()
    },
  }
}
