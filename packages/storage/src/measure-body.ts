import { setImmediate as nextTurn } from 'node:timers/promises'
import { StorageError } from './errors.ts'
import type { ObjectHasher } from './object-digest.ts'

const sliceBytes = 1024 * 1024
/** Hashing this much takes about 10 ms; then other work gets its turn. */
const turnBytes = 4 * sliceBytes

export interface MeasureOptions {
  readonly hasher: ObjectHasher
  /** Rejects with `invalid-request` as soon as the body is larger. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Passes a body on in slices of at most 1 MiB and hashes each before it is yielded.
 *
 * An aborted signal ends the wait for a body that stands still, with the signal's reason. Whatever
 * ends the pass early, the body is told (`return`), but not waited for: one that hangs would hang
 * its reader as well.
 */
export async function* measureBody(
  body: AsyncIterable<Uint8Array>,
  options: MeasureOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { hasher, maxBytes, signal } = options
  signal.throwIfAborted()
  const iterator = body[Symbol.asyncIterator]()
  let ended = false
  let total = 0
  let sinceTurn = 0
  try {
    for (;;) {
      // An abort while a slice was in use is over: waiting would not hear of it.
      signal.throwIfAborted()
      const next = await nextOrAbort(iterator, signal)
      if (next.done) break
      total += next.value.byteLength
      if (total > maxBytes) throw tooLarge(maxBytes)
      for (let at = 0; at < next.value.byteLength; at += sliceBytes) {
        const slice = next.value.subarray(at, at + sliceBytes)
        hasher.update(slice)
        yield slice
        sinceTurn += slice.byteLength
        if (sinceTurn < turnBytes) continue
        sinceTurn = 0
        await nextTurn()
        signal.throwIfAborted()
      }
    }
    ended = true
  } finally {
    if (!ended) void release(iterator)
  }
}

/** The next chunk, or the signal's reason; leaves no listener behind on either way. */
function nextOrAbort(
  iterator: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Uint8Array>>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const settle = <T>(how: (value: T) => void) => {
    return (value: T) => {
      signal.removeEventListener('abort', onAbort)
      how(value)
    }
  }
  iterator.next().then(settle(resolve), settle(reject))
  return promise
}

async function release(iterator: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // The pass has already failed or been given up; its cause is the one that is reported.
  }
}

function tooLarge(maxBytes: number): StorageError {
  return new StorageError('invalid-request', `the body is larger than ${maxBytes} bytes`, {
    remedy: 'Split it into several objects, or use larger parts.',
  })
}
