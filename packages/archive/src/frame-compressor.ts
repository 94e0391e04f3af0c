import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { BufferPool } from '@backstream/kernel'
import { looksIncompressible } from './incompressible.ts'
import { outputBytes, ZstdEncoder, type ZstdEncoderOptions } from './zstd-encoder.ts'

export interface Compression {
  readonly algorithm: 'zstd' | 'gzip' | 'none'
  readonly level: number
}

export interface CompressorOptions extends Compression {
  /** Plain bytes of the largest frame. */
  readonly frameBytes: number
  /** What a released frame lay in is filled again. */
  readonly reusesMemory: boolean
}

export interface CompressedFrame {
  /** In pieces. They may be a view of the plain bytes (`none`). */
  readonly pieces: readonly Uint8Array[]
  /** To be called once, when the pieces have been used. */
  release(): void
}

/** Compresses frames off the main thread, as many at once as it is asked to. */
export interface FrameCompressor extends Disposable {
  compress(plain: Uint8Array): Promise<CompressedFrame>
}

const compressGzip = promisify(gzip)
const gzipFastest = 1
/** Long repetitions are still found, everything else is passed on at some gigabytes a second. */
const zstdFastest = -7

/** To be disposed of once no frame is under way. */
export function createFrameCompressor(options: CompressorOptions): FrameCompressor {
  const { algorithm, level } = options
  switch (algorithm) {
    case 'none':
      return withoutState((plain) => Promise.resolve([plain]))
    case 'gzip':
      return withoutState(async (plain) => {
        // Room for a frame that does not shrink: a second buffer would be joined by a copy.
        const chunkSize = plain.length + (plain.length >> 8) + 1024
        const fitting = looksIncompressible(plain) ? Math.min(level, gzipFastest) : level
        return [await compressGzip(plain, { level: fitting, chunkSize })]
      })
    case 'zstd':
      return createZstdCompressor(options)
  }
}

function withoutState(
  compress: (plain: Uint8Array) => Promise<readonly Uint8Array[]>,
): FrameCompressor {
  return {
    compress: async (plain) => ({ pieces: await compress(plain), release: () => {} }),
    [Symbol.dispose]: () => {},
  }
}

/** Encoders keep their contexts; what they write into is shared by all of them. */
function createZstdCompressor({
  level,
  frameBytes,
  reusesMemory,
}: CompressorOptions): FrameCompressor {
  const usual = createEncoderPool({ level, frameBytes })
  const fastest = createEncoderPool({ level: Math.min(level, zstdFastest), frameBytes })
  const outputs = new BufferPool(outputBytes(frameBytes))
  return {
    async compress(plain) {
      const pool = looksIncompressible(plain) ? fastest : usual
      const output = reusesMemory ? outputs.take() : undefined
      const pieces = await pool.frame(plain, output)
      return { pieces, release: () => output && outputs.giveBack(output) }
    },
    [Symbol.dispose]() {
      usual[Symbol.dispose]()
      fastest[Symbol.dispose]()
    },
  }
}

interface EncoderPool extends Disposable {
  frame: ZstdEncoder['frame']
}

function createEncoderPool(options: ZstdEncoderOptions): EncoderPool {
  const all: ZstdEncoder[] = []
  const idle: ZstdEncoder[] = []
  const open = (): ZstdEncoder => {
    const encoder = new ZstdEncoder(options)
    all.push(encoder)
    return encoder
  }
  return {
    async frame(plain, output) {
      const encoder = idle.pop() ?? open()
      const pieces = await encoder.frame(plain, output)
      // One that failed is not used again.
      idle.push(encoder)
      return pieces
    },
    [Symbol.dispose]() {
      for (const encoder of all) encoder.close()
    },
  }
}
