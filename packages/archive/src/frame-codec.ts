import { promisify } from 'node:util'
import { constants, gzip, type ZstdOptions, zstdCompress } from 'node:zlib'

export interface Compression {
  readonly algorithm: 'zstd' | 'gzip' | 'none'
  readonly level: number
}

/** Compresses one frame off the main thread. The result may be a view of the argument (`none`). */
export type CompressFrame = (plain: Uint8Array) => Promise<Uint8Array>

const compressZstd = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress)
const compressGzip = promisify(gzip)

export function createCompressFrame({ algorithm, level }: Compression): CompressFrame {
  switch (algorithm) {
    case 'none':
      return (plain) => Promise.resolve(plain)
    case 'gzip':
      return (plain) => compressGzip(plain, { level, chunkSize: outputBound(plain.length) })
    case 'zstd':
      return (plain) =>
        compressZstd(plain, {
          // One output buffer for the whole frame: many small ones cost a third more CPU.
          chunkSize: outputBound(plain.length),
          params: {
            [constants.ZSTD_c_compressionLevel]: level,
            [constants.ZSTD_c_checksumFlag]: 1,
            [constants.ZSTD_c_contentSizeFlag]: 1,
          },
        })
  }
}

/** No frame of `plainBytes` gets longer than this, even of bytes that do not shrink. */
function outputBound(plainBytes: number): number {
  return plainBytes + (plainBytes >> 8) + 1024
}
