import { BufferPool } from '@backstream/kernel'
import { decodeZstdFrame, ZstdDecoder } from './zstd-decoder.ts'
import type { ZstdFrame } from './zstd-frames.ts'

export interface PlainFrame {
  readonly plain: Buffer
  /** To be called once, when it has been used and is not kept. */
  release(): void
}

/** Decompresses frames off the main thread, as many at once as it is asked to. */
export interface FrameDecoder extends Disposable {
  decode(frame: ZstdFrame): Promise<PlainFrame>
}

export interface FrameDecoderOptions {
  readonly maxFrameBytes: number
  /** What a released frame lay in is filled again; it is shared memory. */
  readonly reusesMemory: boolean
}

/** Frames of a usual size, as packArchive makes them, share their memory; others have their own. */
const usualFrameBytes = 4 << 20
/** With no byte to spare Node would look for more output, in one more buffer. */
const spareBytes = 64

/** To be disposed of once no frame is under way. */
export function createFrameDecoder(options: FrameDecoderOptions): FrameDecoder {
  const { maxFrameBytes, reusesMemory } = options
  const outputs = new BufferPool(usualFrameBytes + spareBytes, { isShared: true })
  const all: ZstdDecoder[] = []
  const idle: ZstdDecoder[] = []
  const open = (): ZstdDecoder => {
    const decoder = new ZstdDecoder(outputs.bytes)
    all.push(decoder)
    return decoder
  }
  return {
    async decode(frame) {
      const { plainBytes } = frame
      if (!reusesMemory || plainBytes === null || plainBytes > usualFrameBytes) {
        const plain = await decodeZstdFrame(frame, maxFrameBytes)
        frame.release()
        return { plain, release: () => {} }
      }
      const decoder = idle.pop() ?? open()
      const output = outputs.take()
      const plain = await decoder.frame(frame, output)
      // One that failed is not used again.
      idle.push(decoder)
      frame.release()
      return { plain, release: () => outputs.giveBack(output) }
    },
    [Symbol.dispose]() {
      for (const decoder of all) decoder.close()
    },
  }
}
