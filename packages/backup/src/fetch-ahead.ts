import { allocateLarge, type BufferPool, copyBytes } from '@backstream/kernel'

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
   * Of buffers as large as a piece. Pieces lie in them, and are filled again once the next one is asked for: only
   * for a reader that keeps none of them.
   */
  readonly memory?: BufferPool | undefined
}

interface Piece {
  readonly buffer: Buffer
  /** All of its bytes, which lie in the buffer. */
  readonly whole: Promise<Uint8Array>
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
  const { pieceBytes, ahead, memory } = options
  if (span.end - span.start <= pieceBytes) {
    yield* fetch(span, options.signal)
    return
  }
  const letGo = new AbortController()
  const signal = AbortSignal.any([options.signal, letGo.signal])
  const pieces: Piece[] = []
  let next = span.start
  const order = () => {
    const piece = { start: next, end: Math.min(next + pieceBytes, span.end) }
    next = piece.end
    const size = piece.end - piece.start
    const buffer = memory?.take() ?? allocateLarge(size)
    const whole = collect(fetch(piece, signal), buffer.subarray(0, size))
    whole.catch(() => {}) // its turn to be awaited may never come
    pieces.push({ buffer, whole })
  }
  try {
    while (next < span.end || pieces.length > 0) {
      while (next < span.end && pieces.length < ahead) order()
      const { buffer, whole } = pieces.shift() as Piece
      yield await whole
      memory?.giveBack(buffer)
    }
  } finally {
    letGo.abort(new Error('nobody reads on'))
    await Promise.allSettled(pieces.map(({ whole }) => whole))
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>, room: Buffer): Promise<Uint8Array> {
  let filled = 0
  for await (const chunk of chunks) {
    copyBytes(chunk, room, filled)
    filled += chunk.byteLength
  }
  // Whoever fetches has seen to its being all of it; if not, the reader's hashes would tell.
  return room.subarray(0, filled)
}
