import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs'
import type { DirectorySourceConfig } from '@backstream/config'
import { type Described, listedEntry } from './entry-description.ts'
import type { EntryLog } from './entry-log.ts'
import type { ListedEntry } from './reader-thread-protocol.ts'
import type { Visited, WalkVisitor } from './walk-directory.ts'

export interface ListingOptions {
  readonly config: DirectorySourceConfig
  readonly log: EntryLog
  /** Called before each entry; throws when the walk is to stop. */
  check(): void
  /** Gets each entry; absent where only the counts matter. */
  tell?(entry: ListedEntry): void
}

/** Tells what would be read, without opening a file. Of hard links it makes files. */
export class ListingVisitor implements WalkVisitor {
  readonly #options: ListingOptions

  constructor(options: ListingOptions) {
    this.#options = options
  }

  directory({ path }: Visited, stat: BigIntStats): void {
    this.#add({ path, type: 'directory', stat })
  }

  file(at: Visited): void {
    const stat = this.#stat(at)
    const limit = this.#options.config.excludeLargerThanBytes
    if (stat === null || (limit !== null && stat.size > limit)) return
    this.#add({ path: at.path, type: 'file', stat })
  }

  symlink(at: Visited): void {
    const stat = this.#stat(at)
    if (stat === null) return
    const target = this.#options.tell ? readTarget(at) : ''
    this.#add({ path: at.path, type: 'symlink', stat, linkTarget: target })
  }

  special(): void {
    // Left out of the backup, so there is nothing to list.
  }

  failed(at: Visited, error: NodeJS.ErrnoException): void {
    this.#options.log.failed(at, error)
  }

  warn(code: string, at: Visited, message: string): void {
    this.#options.log.warn(code, at, message)
  }

  #stat(at: Visited): BigIntStats | null {
    try {
      return lstatSync(at.location, { bigint: true })
    } catch (error) {
      this.failed(at, error as NodeJS.ErrnoException)
      return null
    }
  }

  #add(described: Described): void {
    const { log, check, tell } = this.#options
    check()
    const entry = listedEntry({ ...described, path: log.archivePath(described.path) })
    log.add(entry)
    tell?.(entry)
  }
}

function readTarget(at: Visited): string {
  try {
    return readlinkSync(at.location, 'latin1')
  } catch {
    // Gone since the lstat; a listing need not say so.
    return ''
  }
}
