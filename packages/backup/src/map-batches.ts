const batch = 16

/** Answers in the order of what was asked, a bounded number of questions at a time. */
export async function mapBatches<T, U>(
  items: readonly T[],
  ask: (item: T) => Promise<U>,
): Promise<U[]> {
  const answers: U[] = []
  for (let at = 0; at < items.length; at += batch) {
    answers.push(...(await Promise.all(items.slice(at, at + batch).map(ask))))
  }
  return answers
}
