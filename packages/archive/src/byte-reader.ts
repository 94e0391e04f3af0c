import { ArchiveError } from './archive-error.ts'

/**
 * Reads exact amounts from an async iterable of chunks, each of which need only be valid until the next
 * one is asked for. One reader, one caller at a time; what it has been given is valid until it reads on.
 */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  #done = false
  #position = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** Bytes handed out so far. */
  get position(): number {
    return this.#position
  }

  /** True when no byte is left. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill())
  }

  /** As `read` where no further chunk is needed for it, else null: most of many small reads. */
  readNow(size: number): Buffer | null {
    return this.#chunk.length - this.#at >= size ? this.#take(size) : null
  }

  /** Exactly `size` bytes, a view of the chunk where it can be; `truncated` when fewer are left. */
  async read(size: number): Promise<Buffer> {
    const bytes = await this.readUpTo(size)
    if (bytes.length === size) return bytes
    const missing = size - bytes.length
    throw new ArchiveError(
      'truncated',
      `the data ends ${missing} bytes early, at byte ${this.#position}`,
    )
  }

  /** As `read`, but with fewer bytes at the end. */
  async readUpTo(size: number): Promise<Buffer> {
    const first = this.#take(size)
    if (first.length === size) return first
    // Before its chunk is let go.
    const pieces: Buffer[] = [Buffer.from(first)]
    let missing = size - first.length
    while (missing > 0 && (await this.#fill())) {
      const piece = this.#take(missing)
      missing -= piece.length
      pieces.push(missing > 0 ? Buffer.from(piece) : piece)
    }
    return Buffer.concat(pieces)
  }

  /** What is at hand, at least one byte and at most `limit`; null at the end. */
  async readSome(limit: number): Promise<Buffer | null> {
    return (await this.#fill()) ? this.#take(limit) : null
  }

  /** Puts back the last `size` bytes of what `readSome` has just returned. */
  unread(size: number): void {
    this.#at -= size
    this.#position -= size
  }

  /** Tells the producer that nothing more will be read. */
  async close(): Promise<void> {
    this.#done = true
    await this.#chunks.return?.()
  }

  #take(limit: number): Buffer {
    const size = Math.min(limit, this.#chunk.length - this.#at)
    const view = Buffer.from(this.#chunk.buffer, this.#chunk.byteOffset + this.#at, size)
    this.#at += size
    this.#position += size
    return view
  }

  async #fill(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      if (this.#done) return false
      const next = await this.#chunks.next()
      if (next.done) {
        this.#done = true
        return false
      }
      this.#chunk = next.value
      this.#at = 0
    }
    return true
  }
}
