import { type ByteString, decodeByteString } from '@backstream/archive/tar'
import type { PathFilter } from './path-filter.ts'

export interface DescentOptions {
  readonly filter: PathFilter
  /** Directories that hold a file which leaves everything else in them out, by path: its name. */
  readonly tags: ReadonlyMap<ByteString, ByteString>
}

interface Held<T> {
  readonly path: ByteString
  readonly item: T
}

/**
 * Chooses among entries that come in the order of a walk, a directory before what is in it: what
 * `walkDirectory` does where it can look for itself.
 */
export class DescentFilter<T> {
  readonly #options: DescentOptions
  /** A directory of which nothing is taken. */
  #excluded: ByteString | null = null
  /** Directories on the way down that are told of only once something in them is. */
  #held: Held<T>[] = []

  constructor(options: DescentOptions) {
    this.#options = options
  }

  /** What is to be taken by now, in order: often this entry, at times directories before it, or nothing. */
  next(path: ByteString, isDirectory: boolean, item: T): readonly T[] {
    if (this.#excluded !== null && isBelow(path, this.#excluded)) return []
    this.#excluded = null
    this.#held = this.#held.filter((directory) => isBelow(path, directory.path))
    const text = decodeByteString(path)
    if (this.#isTaggedOut(path) || this.#options.filter.isExcluded(text, isDirectory)) {
      if (isDirectory) this.#excluded = path
      return []
    }
    if (isDirectory) this.#held.push({ path, item })
    if (!this.#options.filter.isIncluded(text, isDirectory)) return []
    const taken = this.#held.map((held) => held.item)
    this.#held = []
    return isDirectory ? taken : [...taken, item]
  }

  #isTaggedOut(path: ByteString): boolean {
    const slash = path.lastIndexOf('/')
    const tag = this.#options.tags.get(slash === -1 ? '' : path.slice(0, slash))
    return tag !== undefined && path.slice(slash + 1) !== tag
  }
}

function isBelow(path: ByteString, directory: ByteString): boolean {
  return path.startsWith(`${directory}/`)
}
