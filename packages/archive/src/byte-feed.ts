/**
 * Exact amounts out of chunks that somebody supplies.
 *
 * A reading that wants the next chunk yields null and goes on when it is there. So one and the same
 * reading is done where chunks are awaited and in a thread that sleeps for them, and what is at hand
 * costs neither a promise.
 */
import { ArchiveError } from './archive-error.ts'

export type Reading<T> = Generator<null, T, void>

/** A chunk, and what was read of it, is used no more once the next one is asked for. */
export class ByteFeed {
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #isEnded = false
  #position = 0

  /** What was asked for; null: there is no more. */
  supply(chunk: Uint8Array | null): void {
    this.#isEnded = chunk === null
    this.#chunk = chunk ?? new Uint8Array(0)
    this.#at = 0
  }

  /** Bytes handed out so far. */
  get position(): number {
    return this.#position
  }

  /** As `read` where no further chunk is needed for it, else null: most of many small reads. */
  readNow(size: number): Buffer | null {
    return this.#chunk.length - this.#at >= size ? this.#take(size) : null
  }

  /** False, and nothing is passed over, where a further chunk is needed for it. */
  skipNow(size: number): boolean {
    if (this.#chunk.length - this.#at < size) return false
    this.#at += size
    this.#position += size
    return true
  }

  /** Exactly `size` bytes, a view of the chunk where it can be; `truncated` when fewer are left. */
  *read(size: number): Reading<Buffer> {
    const first = this.#take(size)
    if (first.length === size) return first
    // Before its chunk is let go.
    const pieces: Buffer[] = [Buffer.from(first)]
    let missing = size - first.length
    while (missing > 0 && !(yield* this.isAtEnd())) {
      const piece = this.#take(missing)
      missing -= piece.length
      pieces.push(missing > 0 ? Buffer.from(piece) : piece)
    }
    if (missing === 0) return Buffer.concat(pieces)
    throw new ArchiveError(
      'truncated',
      `the data ends ${missing} bytes early, at byte ${this.#position}`,
    )
  }

  /** What is at hand, at least one byte and at most `limit`; null at the end. */
  *readSome(limit: number): Reading<Buffer | null> {
    return (yield* this.isAtEnd()) ? null : this.#take(limit)
  }

  /** True when no byte is left. */
  *isAtEnd(): Reading<boolean> {
    while (this.#at === this.#chunk.length) {
      if (this.#isEnded) return true
      yield null
    }
    return false
  }

  /** Puts back the last `size` bytes of what `readSome` has just returned. */
  unread(size: number): void {
    this.#at -= size
    this.#position -= size
  }

  #take(limit: number): Buffer {
    const size = Math.min(limit, this.#chunk.length - this.#at)
    const view = Buffer.from(this.#chunk.buffer, this.#chunk.byteOffset + this.#at, size)
    this.#at += size
    this.#position += size
    return view
  }
}
