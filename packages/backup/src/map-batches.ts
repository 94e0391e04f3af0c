/** Of small objects: what a connection each can carry, and a store answers without being asked to wait. */
const atOnce = 48

/** Answers in the order of what was asked, a bounded number of questions at a time. */
export async function mapBatches<T, U>(
  items: readonly T[],
  ask: (item: T) => Promise<U>,
): Promise<U[]> {
  const answers: U[] = new Array(items.length)
  const rest = items.entries()
  let isOver = false
  const askOn = async () => {
    // All share one iterator: whoever is done takes the next.
    for (const [at, item] of rest) {
      if (isOver) return
      answers[at] = await ask(item)
    }
  }
  const asking = Array.from({ length: Math.min(atOnce, items.length) }, askOn)
  try {
    await Promise.all(asking)
  } catch (error) {
    isOver = true
    await Promise.allSettled(asking)
    throw error
  }
  return answers
}
