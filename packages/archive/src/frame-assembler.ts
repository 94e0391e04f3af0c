import { BufferPool, copyBytes } from '@backstream/kernel'

/** Plain bytes that become one frame. `release` when they have been used and are not kept. */
export interface PlainFrame {
  readonly bytes: Uint8Array
  release(): void
}

interface Piece {
  readonly bytes: Uint8Array
  release?(): void
}

/**
 * Cuts a run of segments into frames of exactly `frameBytes`, the last of a part excepted.
 *
 * A segment that is a frame, or holds whole frames, is passed on without a copy. Others are gathered
 * in buffers of the assembler's own, and released at once: it never sits on more than one.
 */
export class FrameAssembler {
  readonly frameBytes: number
  readonly #spare: BufferPool
  #held: Piece | null = null
  #buffer: Buffer | null = null
  #filled = 0
  #frame = 0

  constructor(frameBytes: number) {
    this.frameBytes = frameBytes
    this.#spare = new BufferPool(frameBytes)
  }

  /** Number of the frame that the next byte goes into. */
  get frame(): number {
    return this.#frame
  }

  /** Where in that frame the next byte goes. */
  get filled(): number {
    return this.#filled
  }

  /** Takes all of `piece`; returns the frames it completes. */
  add(piece: Piece): PlainFrame[] {
    const size = piece.bytes.length
    if (this.#filled === 0 && size > 0 && size < this.frameBytes) {
      this.#held = piece
      this.#filled = size
      return []
    }
    return this.#cut(piece)
  }

  /** Ends the current frame, if it holds anything. */
  flush(): PlainFrame | null {
    if (this.#filled === 0) return null
    const held = this.#held
    if (held) {
      this.#held = null
      return this.#seal({ bytes: held.bytes, release: () => held.release?.() })
    }
    return this.#sealBuffer()
  }

  #cut(piece: Piece): PlainFrame[] {
    const sealed: PlainFrame[] = []
    const { bytes } = piece
    let views = 1
    const done = (): void => {
      views--
      if (views === 0) piece.release?.()
    }
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === 0 && bytes.length - at >= this.frameBytes) {
        views++
        const whole = bytes.subarray(at, at + this.frameBytes)
        at += this.frameBytes
        sealed.push(this.#seal({ bytes: whole, release: done }))
        continue
      }
      const end = Math.min(bytes.length, at + this.frameBytes - this.#filled)
      this.#append(bytes.subarray(at, end))
      at = end
      if (this.#filled === this.frameBytes) sealed.push(this.#sealBuffer())
    }
    done()
    return sealed
  }

  #append(bytes: Uint8Array): void {
    const buffer = this.#ownBuffer()
    copyBytes(bytes, buffer, this.#filled)
    this.#filled += bytes.length
  }

  #ownBuffer(): Buffer {
    if (this.#buffer) return this.#buffer
    const buffer = this.#spare.take()
    this.#buffer = buffer
    if (this.#held) {
      copyBytes(this.#held.bytes, buffer, 0)
      this.#held.release?.()
      this.#held = null
    }
    return buffer
  }

  #sealBuffer(): PlainFrame {
    const buffer = this.#ownBuffer()
    this.#buffer = null
    return this.#seal({
      bytes: buffer.subarray(0, this.#filled),
      release: () => this.#spare.giveBack(buffer),
    })
  }

  #seal(frame: PlainFrame): PlainFrame {
    this.#filled = 0
    this.#frame++
    return frame
  }
}
