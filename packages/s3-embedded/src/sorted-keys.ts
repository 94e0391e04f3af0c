import { compareKeys } from './key-order.ts'

/** A set of keys in byte order of their UTF-8, with binary search for where a listing begins. */
export class SortedKeys {
  readonly #keys: string[]

  constructor(keys: Iterable<string> = []) {
    this.#keys = [...new Set(keys)].sort(compareKeys)
  }

  get size(): number {
    return this.#keys.length
  }

  at(index: number): string | undefined {
    return this.#keys[index]
  }

  add(key: string): void {
    const index = this.firstFrom(key)
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key)
  }

  delete(key: string): void {
    const index = this.firstFrom(key)
    if (this.#keys[index] === key) this.#keys.splice(index, 1)
  }

  /** Index of the first key that is not before `key`. */
  firstFrom(key: string): number {
    return this.#search(0, (candidate) => compareKeys(candidate, key) < 0)
  }

  /** Index of the first key at or behind `start` that does not begin with `prefix`; those from `start` must. */
  firstWithout(prefix: string, start: number): number {
    return this.#search(start, (candidate) => candidate.startsWith(prefix))
  }

  #search(start: number, isBefore: (key: string) => boolean): number {
    let low = start
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isBefore(this.#keys[middle] ?? '')) low = middle + 1
      else high = middle
    }
    return low
  }
}
