import { setImmediate as nextTurn } from 'node:timers/promises'
import { type GuardOptions, guardBody } from './guard-body.ts'
import type { ObjectHasher } from './object-digest.ts'

const sliceBytes = 1024 * 1024
/** Hashing this much takes about 10 ms; then other work gets its turn. */
const turnBytes = 4 * sliceBytes

export interface MeasureOptions extends GuardOptions {
  readonly hasher: ObjectHasher
}

/** As `guardBody`, in slices of at most 1 MiB, each hashed before it is yielded. */
export async function* measureBody(
  body: AsyncIterable<Uint8Array>,
  { hasher, ...options }: MeasureOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sinceTurn = 0
  for await (const chunk of guardBody(body, options)) {
    for (let at = 0; at < chunk.byteLength; at += sliceBytes) {
      const slice = chunk.subarray(at, at + sliceBytes)
      hasher.update(slice)
      yield slice
      sinceTurn += slice.byteLength
      if (sinceTurn < turnBytes) continue
      sinceTurn = 0
      await nextTurn()
      options.signal.throwIfAborted()
    }
  }
}
