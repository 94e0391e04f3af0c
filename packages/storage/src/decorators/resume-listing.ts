import { compareKeys } from '../object-key.ts'
import { isTransient, type RetryOptions, retryRequest } from '../retry-request.ts'

/** Where an entry stands in its listing: by key, and within one key by id. */
export interface Place<T> {
  readonly key: (entry: T) => string
  readonly id: (entry: T) => string
}

/**
 * A listing that survives a failed page: it is opened again and what was yielded is passed over.
 * Each entry that comes through starts the count of attempts anew. Of a store that keeps no order
 * everything is passed on, and its failures too: nobody could tell what was missing.
 */
export async function* resumeListing<T>(
  open: () => AsyncIterable<T>,
  place: Place<T>,
  retry: RetryOptions,
): AsyncGenerator<T> {
  const passed = trackPassed(place)
  let entries: AsyncIterator<T> | undefined
  let isResumed = false
  const next = async () => {
    try {
      entries ??= open()[Symbol.asyncIterator]()
      for (;;) {
        const result = await entries.next()
        if (result.done || !isResumed || !passed.has(result.value)) return result
      }
    } catch (error) {
      entries = undefined
      isResumed = true
      throw error
    }
  }
  const { shouldRetry = isTransient } = retry
  const resuming = { ...retry, shouldRetry: (e: unknown) => passed.isInOrder && shouldRetry(e) }
  try {
    for (;;) {
      const result = await retryRequest(next, resuming)
      if (result.done) return
      passed.add(result.value)
      yield result.value
    }
  } finally {
    await entries?.return?.()
  }
}

/** Listings come in the order of keys, so one key and the ids seen under it are enough to know. */
function trackPassed<T>(place: Place<T>) {
  let lastKey: string | undefined
  const idsOfLastKey = new Set<string>()
  let isInOrder = true
  return {
    get isInOrder(): boolean {
      return isInOrder
    },
    has(entry: T): boolean {
      if (lastKey === undefined) return false
      const order = compareKeys(place.key(entry), lastKey)
      return order < 0 || (order === 0 && idsOfLastKey.has(place.id(entry)))
    },
    add(entry: T): void {
      const key = place.key(entry)
      if (lastKey !== undefined && compareKeys(key, lastKey) < 0) isInOrder = false
      if (key !== lastKey) idsOfLastKey.clear()
      lastKey = key
      idsOfLastKey.add(place.id(entry))
    },
  }
}
