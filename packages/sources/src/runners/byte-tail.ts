/** Keeps the last bytes of a stream. */
export class ByteTail {
  readonly #limit: number
  #kept: Buffer = Buffer.alloc(0)

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Uint8Array): void {
    if (this.#limit === 0) return
    const joined = Buffer.concat([this.#kept, chunk.subarray(-this.#limit)])
    this.#kept = joined.subarray(-this.#limit)
  }

  get bytes(): Buffer {
    return this.#kept
  }
}
