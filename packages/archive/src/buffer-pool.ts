/** Buffers of one size, filled again and again: as many are made as are ever in use at once. */
export class BufferPool {
  readonly bytes: number
  readonly #free: Buffer[] = []

  constructor(bytes: number) {
    this.bytes = bytes
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
  }

  /** Once, and only what nobody reads any more. */
  giveBack(buffer: Buffer): void {
    this.#free.push(buffer)
  }
}
