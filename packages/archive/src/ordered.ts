/**
 * Runs `work` on up to `limit` items at once and yields the results in the order of the items.
 *
 * The first error, of an item or of the work, ends it; it never returns, throws or is given up
 * before the work in flight has settled, so that no buffer is touched afterwards.
 */
export async function* mapOrdered<T, R>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const inFlight: Promise<R>[] = []
  try {
    for await (const item of items) {
      inFlight.push(handled(work(item)))
      if (inFlight.length >= limit) yield await (inFlight.shift() as Promise<R>)
    }
    while (inFlight.length > 0) yield await (inFlight.shift() as Promise<R>)
  } finally {
    await Promise.allSettled(inFlight)
  }
}

/**
 * As `mapOrdered`, for items that may be long in coming: no result is kept back until the next item is there.
 * Given up while an item is awaited, it ends when that has come, or failed.
 */
export async function* mapOrderedPromptly<T, R>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  const inFlight: Promise<R>[] = []
  let next: Promise<IteratorResult<T>> | undefined
  let isAtEnd = false
  try {
    while (!isAtEnd || inFlight.length > 0) {
      if (!isAtEnd && inFlight.length < limit) {
        next ??= handled(iterator.next())
        if (await isFirst(next, inFlight[0])) {
          const { done, value } = await next
          next = undefined
          if (done) isAtEnd = true
          else inFlight.push(handled(work(value)))
          continue
        }
      }
      yield await (inFlight.shift() as Promise<R>)
    }
  } finally {
    await iterator.return?.()
    await Promise.allSettled(inFlight)
  }
}

/** Whether `one` has come before `other`, or with it; rejects when the first to come is a failure. */
async function isFirst(one: Promise<unknown>, other: Promise<unknown> | undefined) {
  if (other === undefined) return true
  return await Promise.race([one.then(() => true), other.then(() => false)])
}

/** Its turn to be awaited may never come; the error that matters is thrown all the same. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
