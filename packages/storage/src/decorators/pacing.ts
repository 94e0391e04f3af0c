import type { Storage } from '../storage.ts'

/** How fast bytes may go; shared by all that must not be faster together. */
export interface Pace {
  /** Resolves when so many more bytes may go. Rejects with the signal's reason when it is aborted. */
  take(bytes: number, signal: AbortSignal | undefined): Promise<void>
}

/**
 * Sends no faster than the pace allows: uploads wait for their turn slice by slice. What is small (a
 * put), and what is read, is not held up: a restore is worth every byte a second that there is.
 */
export function pacing(inner: Storage, pace: Pace): Storage {
  return {
    get capabilities() {
      return inner.capabilities
    },
    location: inner.location,
    head: (key, call) => inner.head(key, call),
    get: (key, call) => inner.get(key, call),
    put: (key, bytes, call) => inner.put(key, bytes, call),
    upload: (key, body, call) => inner.upload(key, paced(body, pace, call.signal), call),
    abortUpload: (key, uploadId, call) => inner.abortUpload(key, uploadId, call),
    delete: (key, call) => inner.delete(key, call),
    list: (prefix, call) => inner.list(prefix, call),
    listLevel: (prefix, call) => inner.listLevel(prefix, call),
    listVersions: (prefix, call) => inner.listVersions(prefix, call),
    listUploads: (prefix, call) => inner.listUploads(prefix, call),
    listParts: (key, uploadId, call) => inner.listParts(key, uploadId, call),
  }
}

/** Small enough that several uploads share a slow line evenly. */
const sliceBytes = 64 * 1024

/** No generator: the body must be let go of at once, also while its next chunk is waited for. */
function paced(
  body: AsyncIterable<Uint8Array>,
  pace: Pace,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const chunks = body[Symbol.asyncIterator]()
      let left: Uint8Array = new Uint8Array()
      return {
        async next() {
          while (left.byteLength === 0) {
            const chunk = await chunks.next()
            if (chunk.done) return chunk
            left = chunk.value
          }
          const value = left.subarray(0, sliceBytes)
          left = left.subarray(sliceBytes)
          await pace.take(value.byteLength, signal)
          return { value, done: false }
        },
        async return() {
          await chunks.return?.()
          return { value: undefined, done: true }
        },
      }
    },
  }
}
