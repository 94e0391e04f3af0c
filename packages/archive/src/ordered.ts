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
      const result = work(item)
      // Its turn to be awaited may never come; the error that matters is thrown below all the same.
      result.catch(() => {})
      inFlight.push(result)
      if (inFlight.length >= limit) yield await (inFlight.shift() as Promise<R>)
    }
    while (inFlight.length > 0) yield await (inFlight.shift() as Promise<R>)
  } finally {
    await Promise.allSettled(inFlight)
  }
}
