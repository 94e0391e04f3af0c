import { allocateLarge, allocateLargeShared } from '@backstream/kernel'

/** Buffers of one size, filled again and again: as many are made as are ever in use at once. */
export class BufferPool {
  readonly bytes: number
  readonly #isShared: boolean
  readonly #free: Buffer[] = []

  /** `isShared`: in memory that another thread can read, too. */
  constructor(bytes: number, { isShared = false }: { readonly isShared?: boolean } = {}) {
    this.bytes = bytes
    this.#isShared = isShared
  }

  take(): Buffer {
    return this.#free.pop() ?? this.#make()
  }

  /** Once, and only what nobody reads any more. */
  giveBack(buffer: Buffer): void {
    this.#free.push(buffer)
  }

  #make(): Buffer {
    return this.#isShared
      ? Buffer.from(allocateLargeShared(this.bytes), 0, this.bytes)
      : allocateLarge(this.bytes)
  }
}
