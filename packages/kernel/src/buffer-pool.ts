import { allocateLarge, allocateLargeShared } from './large-memory.ts'

export interface BufferPoolOptions {
  /**
   * In memory that another thread can read, too. It weighs nothing for the collector, which else looks through the
   * whole heap again and again where some 50 MiB of buffers stay; but it sees no need to look for what was dropped,
   * either: one pool for a job, and not one for each of many steps (docs/decisions/0012-restore-in-two-threads.md).
   */
  readonly isShared?: boolean
}

/** Buffers of one size, filled again and again: as many are made as are ever in use at once. */
export class BufferPool {
  readonly bytes: number
  readonly #isShared: boolean
  readonly #free: Buffer[] = []

  constructor(bytes: number, { isShared = false }: BufferPoolOptions = {}) {
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
