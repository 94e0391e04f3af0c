import { allocateLarge } from '@backstream/kernel'

export interface ByteSpan {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

export interface FetchAheadOptions {
  /** Bytes of one request. */
  readonly pieceBytes: number
  /** Requests under way or waiting to be read: as many pieces are in memory at the most, and one more. */
  readonly ahead: number
  /**
   * Pieces are filled again once the next one is asked for: only for a reader that keeps none of them.
   */
  readonly reusesMemory?: boolean
}

/**
 * The bytes of a span in order, fetched piece by piece, several at a time: one connection alone seldom
 * gives what the way to a store could carry. A short span is one request, passed on as it comes.
 *
 * The first error ends it; what is under way then, or when the reader has had enough, is let go.
 */
export async function* fetchAhead(
  span: ByteSpan,
  fetch: (piece: ByteSpan, signal: AbortSignal) => AsyncIterable<Uint8Array>,
  options: FetchAheadOptions & { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pieceBytes, ahead, reusesMemory = false } = options
  if (span.end - span.start <= pieceBytes) {
    yield* fetch(span, options.signal)
    return
  }
  const letGo = new AbortController()
  const signal = AbortSignal.any([options.signal, letGo.signal])
  const pieces: Promise<Uint8Array<ArrayBuffer>>[] = []
  const free: ArrayBuffer[] = []
  let next = span.start
  const order = () => {
    const piece = { start: next, end: Math.min(next + pieceBytes, span.end) }
    next = piece.end
    const size = piece.end - piece.start
    const memory = free.pop() ?? allocateLarge(reusesMemory ? pieceBytes : size).buffer
    const whole = collect(fetch(piece, signal), new Uint8Array(memory, 0, size))
    whole.catch(() => {}) // its turn to be awaited may never come
    pieces.push(whole)
  }
  try {
    while (next < span.end || pieces.length > 0) {
      while (next < span.end && pieces.length < ahead) order()
      const piece = await (pieces.shift() as (typeof pieces)[number])
      yield piece
      if (reusesMemory) free.push(piece.buffer)
    }
  } finally {
    letGo.abort(new Error('nobody reads on'))
    await Promise.allSettled(pieces)
  }
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  memory: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  let filled = 0
  for await (const chunk of chunks) {
    memory.set(chunk, filled)
    filled += chunk.byteLength
  }
  // Whoever fetches has seen to its being all of it; if not, the reader's hashes would tell.
  return memory.subarray(0, filled)
}
