import { ByteTail } from './runners/byte-tail.ts'
import { SourceError } from './source-error.ts'

/**
 * Watches a stream as it flows and knows whether it is whole: a dump cut short may well end with
 * status 0. One of its own for each stream.
 */
export interface StreamCheck {
  /**
   * Takes in what came, and gives on what belongs into the archive: all of it, or less for now. The
   * chunk is gone when the next one comes: what is kept of it is kept as a copy.
   */
  take(chunk: Buffer): Buffer
  /** What was held back; throws a `SourceError` when the stream is not whole. */
  end(): Buffer
}

export const nothing: Buffer = Buffer.alloc(0)

/** How much of the end of a text is looked at: a date, a newline or a closing line may follow a trailer. */
const trailerWindowBytes = 4096

export interface TextEnd {
  /** In the last bytes of the text. */
  readonly trailer: string | RegExp
  readonly remedy: string
}

/** A text that is whole when it ends with a trailer. `label` names its writer. */
export function checkTextEnd(label: string, { trailer, remedy }: TextEnd): StreamCheck {
  const tail = new ByteTail(trailerWindowBytes)
  return {
    take(chunk) {
      tail.add(chunk)
      return chunk
    },
    end() {
      const text = tail.bytes.toString('latin1')
      const isThere =
        typeof trailer === 'string' ? tail.bytes.includes(trailer) : trailer.test(text)
      if (isThere) return nothing
      const wanted = typeof trailer === 'string' ? JSON.stringify(trailer) : String(trailer)
      throw new SourceError(
        'trailer-missing',
        `The output of ${label} does not end with ${wanted}`,
        { remedy },
      )
    },
  }
}

/** The check of a format that says itself where it ends: `why` tells in what way it did not. */
export function cutShort(label: string, why: string): SourceError {
  return new SourceError('trailer-missing', `The output of ${label} is not whole: ${why}`, {
    remedy: 'It was cut short: see what ended the server or the connection, and run it again.',
  })
}
