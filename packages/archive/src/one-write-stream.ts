import type { Transform } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

/**
 * A stream of node:zlib for which every write is a whole: what goes in with it, and what comes out by its end,
 * belong together. One write at a time; after a rejection no more.
 */
export class OneWriteStream {
  readonly #stream: Transform
  #pieces: Buffer[] = []
  #failure: { readonly error: unknown } | null = null
  #onFailure: (error: unknown) => void = () => {}

  constructor(stream: Transform) {
    this.#stream = stream
    stream.on('data', (piece: Buffer) => this.#pieces.push(piece))
    // A write under way when a stream of zlib fails is never called back.
    stream.once('error', (error) => {
      this.#failure = { error }
      this.#onFailure(error)
    })
  }

  /**
   * What `input` becomes, in pieces, which lie in `output` if there is one and it has the room, else in memory
   * of their own. `input` may change only afterwards.
   */
  async write(input: Uint8Array, output?: Buffer): Promise<readonly Buffer[]> {
    if (this.#failure) throw this.#failure.error
    if (output) writeInto(this.#stream, output)
    // A promise of its own each time: one that they share would remember every write.
    await new Promise<void>((resolve, reject) => {
      this.#onFailure = reject
      this.#stream.write(input, (error) => (error ? reject(error) : resolve()))
    })
    while (this.#stream.readableLength > 0 && !this.#stream.destroyed) await setImmediate()
    // A stream that is closed meanwhile ends its write as if it were whole.
    if (this.#stream.destroyed) throw new Error('the stream was closed during a write')
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  close(): void {
    this.#stream.destroy()
  }
}

/**
 * Node's streams go on in their output buffer where the last piece ended, and allocate a new one when
 * it is full: 4 MiB for each frame, which the garbage collector then has to find. `_outBuffer` and
 * `_outOffset` are not documented; where they are missing, memory is allocated and nothing else changes.
 */
function writeInto(stream: object, output: Buffer): void {
  const internals = stream as { _outBuffer?: unknown; _outOffset?: unknown }
  if (!(internals._outBuffer instanceof Uint8Array && typeof internals._outOffset === 'number'))
    return
  internals._outBuffer = output
  internals._outOffset = 0
}
