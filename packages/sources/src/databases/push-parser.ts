/**
 * Reads a format piece by piece as the stream hands it over. The format is written as a generator: it
 * yields how many bytes it wants (n > 0) and gets them, or how many it passes over (n < 0). What it gets
 * it has until it yields again: the memory may be the stream's.
 */
export type FormatScript = Generator<number, void, Buffer>

/** Of one piece; the lengths a damaged stream claims must not fill the memory. */
const maxPieceBytes = 64 << 20

export class PushParser {
  readonly #script: FormatScript
  readonly #onPassed: ((piece: Buffer) => void) | undefined
  #wanted = 0
  #isDone = false
  #kept: Buffer[] = []
  #keptBytes = 0

  /** `onPassed` sees what the script passes over, in pieces as they come. */
  constructor(script: FormatScript, onPassed?: (piece: Buffer) => void) {
    this.#script = script
    this.#onPassed = onPassed
    this.#resume(Buffer.alloc(0))
  }

  /** The format has come to its end, and nothing has come behind it. */
  get isWhole(): boolean {
    return this.#isDone && this.#keptBytes === 0
  }

  /** Nothing has come of the piece that is wanted next. */
  get isAtPieceStart(): boolean {
    return this.#keptBytes === 0
  }

  /** What the script throws, this throws. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#isDone) {
        this.#keptBytes += chunk.length - at
        return
      }
      at += this.#wanted < 0 ? this.#passOver(chunk, at) : this.#gather(chunk, at)
    }
  }

  #passOver(chunk: Buffer, at: number): number {
    const passed = Math.min(chunk.length - at, -this.#wanted)
    this.#onPassed?.(chunk.subarray(at, at + passed))
    this.#wanted += passed
    if (this.#wanted === 0) this.#resume(Buffer.alloc(0))
    return passed
  }

  #gather(chunk: Buffer, at: number): number {
    const missing = this.#wanted - this.#keptBytes
    const piece = chunk.subarray(at, at + missing)
    if (piece.length < missing) {
      // A copy: the chunk may be used again by whoever gave it.
      this.#kept.push(Buffer.from(piece))
      this.#keptBytes += piece.length
    } else {
      const whole = this.#kept.length === 0 ? piece : Buffer.concat([...this.#kept, piece])
      this.#kept = []
      this.#keptBytes = 0
      this.#resume(whole)
    }
    return piece.length
  }

  #resume(bytes: Buffer): void {
    let next = this.#script.next(bytes)
    while (!next.done && next.value === 0) next = this.#script.next(Buffer.alloc(0))
    this.#isDone = next.done === true
    this.#wanted = next.value ?? 0
    if (this.#wanted > maxPieceBytes) throw new RangeError(`a piece of ${this.#wanted} bytes`)
  }
}
