import { lstatSync, mkdirSync } from 'node:fs'
import type { TarHeader } from '@backstream/archive'
import type { ByteString } from '@backstream/archive/tar'
import { isCode } from './extract-problems.ts'
import { refused } from './judge-entry.ts'

/** Where entries lie below one directory, and the folders on their way, which are no links. */
export class TreePlaces {
  readonly #root: ByteString
  readonly #isOthersKept: boolean
  readonly #safeParents = new Set<ByteString>()
  #lastParent: ByteString = ''

  /** `isOthersKept`: what is in the place of a folder stays there, and nothing is made in it. */
  constructor(root: string, { isOthersKept }: { readonly isOthersKept: boolean }) {
    this.#root = Buffer.from(root).toString('latin1')
    this.#isOthersKept = isOthersKept
  }

  at(path: ByteString): Buffer {
    return Buffer.from(path === '' ? this.#root : `${this.#root}/${path}`, 'latin1')
  }

  /**
   * Looks at the folders on the way of an entry, one by one, and makes those that have no entry of
   * their own, or come after what is in them. False when one is not to be replaced by a folder.
   */
  makeParents(path: ByteString, header: TarHeader): boolean {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    // Files of one folder follow each other.
    if (parent === this.#lastParent) return true
    for (let end = 0; end !== -1 && parent !== ''; ) {
      end = parent.indexOf('/', end + 1)
      if (!this.#makeParent(end === -1 ? parent : parent.slice(0, end), header)) return false
    }
    this.#lastParent = parent
    return true
  }

  #makeParent(path: ByteString, header: TarHeader): boolean {
    if (this.#safeParents.has(path)) return true
    const place = this.at(path)
    try {
      mkdirSync(place, { mode: 0o700 })
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
      if (!lstatSync(place).isDirectory()) {
        if (this.#isOthersKept) return false
        throw refused(header, 'its way leads through a link')
      }
    }
    this.#safeParents.add(path)
    return true
  }
}
