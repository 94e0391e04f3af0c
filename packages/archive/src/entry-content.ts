import { ArchiveError } from './archive-error.ts'
import type { ByteReader } from './byte-reader.ts'
import type { TarHeader } from './read-tar.ts'
import { paddingOf } from './tar-layout.ts'

export const contentChunkBytes: number = 1 << 20

/** One entry's content, read by whoever iterates and skipped by `readTar` afterwards. */
export class EntryContent implements AsyncIterable<Buffer> {
  readonly #reader: ByteReader
  readonly #signal: AbortSignal
  readonly #header: TarHeader
  readonly #padding: number
  #left: number

  constructor(
    reader: ByteReader,
    { header, signal }: { readonly header: TarHeader; readonly signal: AbortSignal },
  ) {
    this.#reader = reader
    this.#signal = signal
    this.#header = header
    this.#left = header.size
    this.#padding = paddingOf(header.size)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    while (this.#left > 0) yield this.#nextNow() ?? (await this.#next())
  }

  /** All of what is left, if it is at hand. */
  #nextNow(): Buffer | null {
    const chunk = this.#left > contentChunkBytes ? null : this.#reader.readNow(this.#left)
    if (chunk) this.#left = 0
    return chunk
  }

  /** False when there is more to skip than is at hand. */
  skipNow(): boolean {
    return this.#left === 0 && this.#reader.readNow(this.#padding) !== null
  }

  async skip(): Promise<void> {
    while (this.#left > 0) await this.#next()
    if (this.#padding > 0) await this.#named(this.#reader.read(this.#padding))
  }

  async #next(): Promise<Buffer> {
    this.#signal.throwIfAborted()
    const chunk = await this.#named(this.#reader.readSome(Math.min(this.#left, contentChunkBytes)))
    if (chunk === null) {
      const path = quote(this.#header.path)
      throw new ArchiveError(
        'truncated',
        `the archive ends ${this.#left} bytes before ${path} does`,
      )
    }
    this.#left -= chunk.length
    return chunk
  }

  #named<T>(reading: Promise<T>): Promise<T> {
    return reading.catch((error: unknown) => {
      throw named(error, `in the entry ${quote(this.#header.path)}`)
    })
  }
}

/** What is wrong with the archive, and where; any other error as it is. */
export function named(error: unknown, place: string): unknown {
  if (!(error instanceof ArchiveError)) return error
  const { code, message, remedy, permanent } = error
  const options = { cause: error, permanent, ...(remedy !== undefined && { remedy }) }
  return new ArchiveError(code, `${message}, ${place}`, options)
}

/** A name for a message: whatever is in it, and not all of a very long one. */
export function quote(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
}
