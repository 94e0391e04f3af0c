import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import type { ByteString } from '@backstream/archive/tar'
import type { DirectorySourceConfig } from '@backstream/config'
import { type Described, headerFields, listedEntry } from './entry-description.ts'
import type { EntryLog } from './entry-log.ts'
import type { OwnerNames } from './owner-names.ts'
import type { SlabWriter } from './slab-writer.ts'
import { fileFlags, type Visited, type WalkVisitor } from './walk-directory.ts'

export interface ReadingOptions {
  readonly config: DirectorySourceConfig
  readonly log: EntryLog
  readonly writer: SlabWriter
  readonly owners: OwnerNames
  /** Called between entries and between reads; throws when the walk is to stop. */
  check(): void
}

/** Where the first name of a file with several lies in the archive, and how many are still to come. */
interface FirstName {
  readonly path: ByteString
  left: number
}

/**
 * Reads entries into slabs as they are visited.
 *
 * A header says a size before the content is read: a file that turns out shorter is filled up with
 * zeros, one that has grown is cut, and either is warned of.
 */
export class ReadingVisitor implements WalkVisitor {
  readonly #options: ReadingOptions
  readonly #firstNames = new Map<string, FirstName>()

  constructor(options: ReadingOptions) {
    this.#options = options
  }

  directory({ path }: Visited, stat: BigIntStats): void {
    this.#write({ path, type: 'directory', stat })
  }

  file(at: Visited): void {
    const descriptor = this.#attempt(at, () => openSync(at.location, fileFlags))
    if (descriptor === null) return
    try {
      const stat = fstatSync(descriptor, { bigint: true })
      if (stat.isFile()) this.#file({ ...at, descriptor, stat })
      else this.warn('replaced', at, 'it became something else while the directory was read')
    } finally {
      closeSync(descriptor)
    }
  }

  symlink(at: Visited): void {
    const found = this.#attempt(at, () => ({
      stat: lstatSync(at.location, { bigint: true }),
      linkTarget: readlinkSync(at.location, 'latin1'),
    }))
    if (found !== null) this.#write({ path: at.path, type: 'symlink', ...found })
  }

  special(at: Visited, kind: string): void {
    this.warn(kind, at, `a ${kind} is not backed up`)
  }

  failed(at: Visited, error: NodeJS.ErrnoException): void {
    this.#options.log.failed(at, error)
  }

  warn(code: string, at: Visited, message: string): void {
    this.#options.log.warn(code, at, message)
  }

  #file(file: OpenFile): void {
    const { path, stat } = file
    const limit = this.#options.config.excludeLargerThanBytes
    if (limit !== null && stat.size > limit) return
    const first = stat.nlink > 1n ? this.#firstName(file) : null
    if (first !== null) {
      this.#write({ path, type: 'link', stat, linkTarget: this.#options.log.archivePath(first) })
      return
    }
    this.#write({ path, type: 'file', stat })
    this.#content(file)
  }

  /** The path under which this very file is in the archive already, if it is. */
  #firstName({ path, stat }: OpenFile): ByteString | null {
    // Its birth too: the number of a file that was removed meanwhile may be another's by now.
    const key = `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`
    const known = this.#firstNames.get(key)
    if (!known) {
      this.#firstNames.set(key, { path, left: Number(stat.nlink) - 1 })
      return null
    }
    known.left--
    if (known.left <= 0) this.#firstNames.delete(key)
    return known.path
  }

  #content(file: OpenFile): void {
    const size = Number(file.stat.size)
    const { left, error } = this.#copy(file, size)
    if (left > 0) {
      this.#options.writer.zeros(left)
      const zeros = `${left} of ${size} bytes; zeros stand for them`
      if (error) this.#options.log.unreadable(file, { error, message: `it is without ${zeros}` })
      else this.warn('shrank', file, `while it was read it lost ${zeros}`)
    } else {
      this.#compare(file)
    }
    this.#options.writer.pad(size)
  }

  /** Reads what there is; says what is missing of it, and why if that is an error. */
  #copy(file: OpenFile, bytes: number): { left: number; error?: NodeJS.ErrnoException } {
    const { writer, check } = this.#options
    let left = bytes
    while (left > 0) {
      check()
      const size = Math.min(left, writer.room())
      try {
        const count = writer.read(file.descriptor, size)
        if (count === 0) break
        left -= count
      } catch (error) {
        return { left, error: error as NodeJS.ErrnoException }
      }
    }
    return { left }
  }

  #compare(file: OpenFile): void {
    const after = fstatSync(file.descriptor, { bigint: true })
    if (after.size > file.stat.size) {
      const grown = after.size - file.stat.size
      this.warn('grew', file, `it grew by ${grown} bytes while it was read; they are not in it`)
    } else if (after.mtimeNs !== file.stat.mtimeNs) {
      this.warn('changed', file, 'it was written to while it was read')
    }
  }

  /** Null where it fails and the entry may be left out. */
  #attempt<T>(at: Visited, operation: () => T): T | null {
    try {
      return operation()
    } catch (error) {
      this.failed(at, error as NodeJS.ErrnoException)
      return null
    }
  }

  #write(described: Described): void {
    const { check, log, owners, writer } = this.#options
    check()
    const placed = { ...described, path: log.archivePath(described.path) }
    const entry = listedEntry(placed)
    writer.header(headerFields(placed, owners), entry)
    log.add(entry)
  }
}

interface OpenFile extends Visited {
  readonly descriptor: number
  readonly stat: BigIntStats
}
