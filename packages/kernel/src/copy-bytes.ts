/** Beyond, Node's native copy takes places for others. */
const mostBytes = 2 ** 32

/**
 * Copies all of `source` into `target`, from `at` on. Throws a RangeError when there is no room for it.
 *
 * In native code whatever memory it is: `set`, and `Buffer.copy` of a whole source, which is the same, move
 * shared memory word by word at best and byte by byte at worst, six times as slow (Node 24).
 */
export function copyBytes(source: Uint8Array, target: Uint8Array, at: number): void {
  const [first] = source
  const end = at + source.byteLength
  const isPlain = at >= 0 && Number.isInteger(at) && end <= target.byteLength && end <= mostBytes
  if (first === undefined || !isPlain) {
    target.set(source, at)
    return
  }
  target[at] = first
  Buffer.prototype.copy.call(source, target, at + 1, 1)
}
