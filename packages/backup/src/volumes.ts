/**
 * Cuts one stream into volumes of at most `maxBytes`, so that no size ends a backup.
 *
 * Yields one iterable per volume; each must be read to its end before the next is asked for. A
 * stream that ends exactly at a border makes no empty volume behind it; an empty stream makes one.
 * An error of `body` is thrown by the volume that meets it, and nothing is yielded after it.
 */
export async function* splitVolumes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<AsyncIterable<Uint8Array>> {
  const source = body[Symbol.asyncIterator]()
  let pending: Uint8Array | undefined
  let ended = false

  async function pull(): Promise<Uint8Array | undefined> {
    while (!pending && !ended) {
      const next = await source.next()
      if (next.done) ended = true
      else if (next.value.byteLength > 0) pending = next.value
    }
    return pending
  }

  async function* volume(): AsyncGenerator<Uint8Array> {
    let room = maxBytes
    for (let chunk = await pull(); chunk && room > 0; chunk = await pull()) {
      const head = chunk.subarray(0, room)
      pending = head.byteLength < chunk.byteLength ? chunk.subarray(room) : undefined
      room -= head.byteLength
      yield head
      if (room === 0) return
    }
  }

  try {
    do yield volume()
    while (await pull())
  } finally {
    await source.return?.()
  }
}
