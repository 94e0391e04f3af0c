import { StorageError } from './errors.ts'

export interface GuardOptions {
  /** Rejects with `invalid-request` as soon as the body is larger. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * Passes a body on, chunk by chunk.
 *
 * An aborted signal ends the wait for a body that stands still, with the signal's reason. Whatever
 * ends the pass early, the body is told (`return`), but not waited for: one that hangs would hang
 * its reader as well.
 */
export async function* guardBody(
  body: AsyncIterable<Uint8Array>,
  { maxBytes, signal }: GuardOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted()
  const iterator = body[Symbol.asyncIterator]()
  let ended = false
  let total = 0
  try {
    for (;;) {
      // An abort while a chunk was in use is over: waiting would not hear of it.
      signal.throwIfAborted()
      const next = await nextOrAbort(iterator, signal)
      if (next.done) break
      total += next.value.byteLength
      if (total > maxBytes) throw tooLarge(maxBytes)
      yield next.value
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
