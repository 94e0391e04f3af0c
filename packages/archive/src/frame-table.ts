import type { IndexFooter, Placement } from './index-format.ts'

export interface FramePlace {
  /** In the archive as it is stored before encryption, all volumes joined. */
  readonly offset: number
  readonly bytes: number
  /** In the plain tar. */
  readonly plainOffset: number
  readonly plainBytes: number
}

/** Where each frame of an archive lies. */
export class FrameTable {
  readonly #offsets: Float64Array
  readonly #plainOffsets: Float64Array
  readonly length: number

  constructor({ frames }: Pick<IndexFooter, 'frames'>) {
    this.length = frames.length / 2
    this.#offsets = new Float64Array(this.length + 1)
    this.#plainOffsets = new Float64Array(this.length + 1)
    for (let frame = 0; frame < this.length; frame++) {
      this.#offsets[frame + 1] = at(this.#offsets, frame) + (frames[2 * frame] ?? 0)
      this.#plainOffsets[frame + 1] = at(this.#plainOffsets, frame) + (frames[2 * frame + 1] ?? 0)
    }
  }

  /** Stored bytes of all frames. */
  get bytes(): number {
    return at(this.#offsets, this.length)
  }

  place(frame: number): FramePlace {
    const offset = at(this.#offsets, frame)
    const plainOffset = at(this.#plainOffsets, frame)
    return {
      offset,
      bytes: at(this.#offsets, frame + 1) - offset,
      plainOffset,
      plainBytes: at(this.#plainOffsets, frame + 1) - plainOffset,
    }
  }

  /** The frame in which a plain byte `ahead` of a place lies; the last one at most. */
  frameAhead({ frame, offset }: Placement, ahead: number): number {
    const wanted = at(this.#plainOffsets, frame) + offset + ahead
    let found = frame
    while (found + 1 < this.length && at(this.#plainOffsets, found + 1) <= wanted) found++
    return found
  }
}

function at(offsets: Float64Array, frame: number): number {
  return offsets[frame] ?? Number.NaN
}
