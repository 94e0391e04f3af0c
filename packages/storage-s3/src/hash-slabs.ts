/** Small, and few: what was copied last is still in the core's cache when the thread reads it. */
export const slabBytes: number = 1 << 20
/** More than one upload's are kept, for the next one. */
const mostSpare = 8

/**
 * Shared memory that passes from upload to upload of this process. V8 takes shared memory for weightless: what
 * is dropped stays until a collection that it does not bring any closer.
 */
const spare: SharedArrayBuffer[] = []

export function takeSlab(): SharedArrayBuffer {
  return spare.pop() ?? new SharedArrayBuffer(slabBytes)
}

/** Once no thread reads it any more. */
export function giveSlabBack(slab: SharedArrayBuffer): void {
  if (spare.length < mostSpare) spare.push(slab)
}
