import { ByteFeed } from './byte-feed.ts'
import type { TarHeader } from './tar-header.ts'
import { endOfEntry, type TarOptions, type TarStep, tarSteps } from './tar-steps.ts'

export interface TarEntry {
  readonly header: TarHeader
  /**
   * True when this file has the path of the entry just before it: the next member of a stream,
   * whose content continues that one's.
   */
  readonly continues: boolean
  /** Where its first header begins, plain bytes from the beginning of the tar. */
  readonly offset: number
  /** To be read before the next entry is asked for; what is left then is skipped. */
  readonly content: AsyncIterable<Buffer>
}

/** As `tarSteps`, of chunks that are awaited: entry after entry, each with its content. */
export async function* readTar(
  plain: AsyncIterable<Uint8Array>,
  options: TarOptions,
): AsyncGenerator<TarEntry, void, undefined> {
  const steps = new AwaitedSteps(plain, options)
  try {
    for (let step = await steps.next(); step !== null; step = await steps.next()) {
      if (step.kind !== 'entry') continue
      const { header, continues, offset } = step
      const content = new EntryContent(steps)
      yield { header, continues, offset, content }
      while (!content.isRead) await content.next()
    }
  } finally {
    await steps.close()
  }
}

/** The steps of a tar whose chunks have to be waited for; those at hand come without a promise. */
class AwaitedSteps {
  readonly #feed = new ByteFeed()
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #steps: ReturnType<typeof tarSteps>

  constructor(plain: AsyncIterable<Uint8Array>, options: TarOptions) {
    this.#chunks = plain[Symbol.asyncIterator]()
    this.#steps = tarSteps(this.#feed, options)
  }

  /** Null at the end. */
  next(): TarStep | null | Promise<TarStep | null> {
    const { done, value } = this.#steps.next()
    if (done) return null
    return value ?? this.#nextFed()
  }

  async #nextFed(): Promise<TarStep | null> {
    for (;;) {
      this.#feed.supply(await this.#nextChunk())
      const { done, value } = this.#steps.next()
      if (done) return null
      if (value !== null) return value
    }
  }

  async #nextChunk(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#chunks.next()
      return done ? null : value
    } catch (error) {
      // The reading knows where it stands, and says so.
      this.#steps.throw(error)
      throw error
    }
  }

  /** Tells the producer that nothing more will be read. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

/** One entry's content, read by whoever iterates and skipped by `readTar` afterwards. */
class EntryContent implements AsyncIterable<Buffer> {
  isRead = false
  readonly #steps: AwaitedSteps

  constructor(steps: AwaitedSteps) {
    this.#steps = steps
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    while (!this.isRead) {
      const bytes = await this.next()
      if (bytes) yield bytes
    }
  }

  async next(): Promise<Buffer | null> {
    const step = await this.#steps.next()
    if (step?.kind === 'content') return step.bytes
    this.isRead = step === null || step === endOfEntry
    return null
  }
}
