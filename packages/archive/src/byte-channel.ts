/**
 * Chunks that one side pushes and the other iterates, without a limit between them.
 *
 * For what is small beside the stream it describes: the side that pushes never waits. Iterated once.
 */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = []
  #state:
    | { readonly kind: 'open' | 'ended' }
    | { readonly kind: 'failed'; readonly cause: unknown } = { kind: 'open' }
  #wake: (() => void) | null = null

  push(chunk: Uint8Array): void {
    if (this.#state.kind === 'open') this.#chunks.push(chunk)
    this.#wake?.()
  }

  /** The reader ends once it has taken everything. */
  end(): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'ended' }
    this.#wake?.()
  }

  /** The reader fails at once. The first end or failure counts. */
  fail(cause: unknown): void {
    if (this.#state.kind === 'open') {
      this.#state = { kind: 'failed', cause }
      this.#chunks.length = 0
    }
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk) {
        yield chunk
        continue
      }
      if (this.#state.kind === 'failed') throw this.#state.cause
      if (this.#state.kind === 'ended') return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = null
    }
  }
}
