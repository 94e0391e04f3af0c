import { ArchiveError } from './archive-error.ts'
import type { TarSegment } from './segment.ts'
import { BLOCK_BYTES, paddingOf } from './tar-layout.ts'

/**
 * Watches over what a source gives: as many bytes as its entries announce, in whole blocks.
 *
 * A segment that was lost on the way, or content that is shorter than its header says, would leave a
 * tar that nobody can read from there on, and that would show no sooner than at a restore.
 */
export class SegmentAudit {
  readonly #label: string
  #bytes = 0
  /** No entry can begin before this: the one before it needs as much. */
  #earliestNext = 0

  constructor(label: string) {
    this.#label = label
  }

  add({ bytes, entries }: TarSegment): void {
    const cursor = entries.cursor()
    while (cursor.next()) {
      const { offset, size } = cursor
      const at = this.#bytes + offset
      if (at < this.#earliestNext || at % BLOCK_BYTES !== 0 || offset >= bytes.length) {
        throw this.#broken(`${cursor.entry().path} begins at byte ${at}`)
      }
      this.#earliestNext = at + BLOCK_BYTES + size + paddingOf(size)
    }
    this.#bytes += bytes.length
  }

  /** To be called once, when the source has ended well. */
  end(): void {
    if (this.#bytes < this.#earliestNext || this.#bytes % BLOCK_BYTES !== 0) {
      throw this.#broken(`it ends after ${this.#bytes} bytes`)
    }
  }

  #broken(what: string): ArchiveError {
    const expected = `${this.#earliestNext} or a block behind it`
    return new ArchiveError(
      'corrupt',
      `The source ${this.#label} gave what is no tar: ${what} instead of ${expected}`,
      { permanent: false },
    )
  }
}
