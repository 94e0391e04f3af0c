import { type ByteString, decodeByteString, toByteString } from '@backstream/archive/tar'
import type { DirectorySourceConfig } from '@backstream/config'
import type { ListedEntry } from './reader-thread-protocol.ts'
import type { SourceSummary } from './source.ts'
import { SourceError } from './source-error.ts'
import type { Visited } from './walk-directory.ts'
import { WarningList } from './warning-list.ts'

const permissionCodes: readonly unknown[] = ['EACCES', 'EPERM']
/** The disk, the server of a network mount, a lease or a missing key stands in the way. */
const unreadableCodes: readonly unknown[] = [
  ...permissionCodes,
  ...['EIO', 'ESTALE', 'EAGAIN', 'EBADMSG', 'EUCLEAN', 'ENOKEY', 'EREMOTEIO', 'ETIMEDOUT'],
]
/** What the listing named is something else by now: a link in a directory's place, for instance. */
const replacedCodes: readonly unknown[] = ['ELOOP', 'ENOTDIR', 'EMLINK', 'ENXIO', 'EINVAL']

/**
 * Keeps count of what a directory source has told of, and decides what becomes of entries that
 * cannot be read as they were listed: a warning, or the end of the run.
 */
export class EntryLog {
  readonly #config: DirectorySourceConfig
  readonly #prefix: ByteString
  readonly #warnings = new WarningList()
  #entries = 0
  #files = 0
  #bytes = 0

  constructor(config: DirectorySourceConfig) {
    this.#config = config
    this.#prefix = config.at === '' ? '' : `${toByteString(config.at)}/`
  }

  /** The path an entry has in the archive; the root's own is ''. */
  archivePath(path: ByteString): ByteString {
    return path === '' ? this.#prefix.slice(0, -1) : this.#prefix + path
  }

  add(entry: ListedEntry): void {
    this.#entries++
    this.#bytes += entry.size
    if (entry.type === 'file') this.#files++
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#bytes
  }

  summary(): SourceSummary {
    return {
      bytes: this.#bytes,
      entries: this.#entries,
      files: this.#files,
      warnings: this.#warnings.kept,
      warningCounts: this.#warnings.counts,
      consistency: 'as read, one file after another',
    }
  }

  warn(code: string, { path }: Pick<Visited, 'path'>, message: string): void {
    this.#warnings.add(code, decodeByteString(this.archivePath(path)), message)
  }

  /**
   * For an open file whose content cannot be read, whatever the code: by then it is neither gone nor
   * replaced. Returns when what is missing may be filled up; throws when the run is to fail.
   */
  unreadable(
    { path }: Visited,
    { error, message }: { readonly error: NodeJS.ErrnoException; readonly message: string },
  ): void {
    if (this.#config.onUnreadable !== 'skip') throw this.#fatal(path, { error, isUnreadable: true })
    this.warn('unreadable', { path }, `it cannot be read (${error.code}): ${message}`)
  }

  /** Returns when the entry is to be left out; throws when the run is to fail. */
  failed({ path }: Visited, error: NodeJS.ErrnoException): void {
    const isUnreadable = unreadableCodes.includes(error.code)
    if (error.code === 'ENOENT') {
      this.warn('vanished', { path }, 'it was listed, and gone when it was to be read')
    } else if (replacedCodes.includes(error.code)) {
      this.warn('replaced', { path }, 'it became something else while the directory was read')
    } else if (isUnreadable && this.#config.onUnreadable === 'skip') {
      this.warn('unreadable', { path }, `it cannot be read (${error.code})`)
    } else {
      throw this.#fatal(path, { error, isUnreadable })
    }
  }

  #fatal(
    path: ByteString,
    { error, isUnreadable }: { error: NodeJS.ErrnoException; isUnreadable: boolean },
  ): SourceError {
    const place = `${this.#config.path}/${decodeByteString(path)}`
    if (!isUnreadable) {
      return new SourceError('source-failed', `${place} cannot be read: ${error.message}`, {
        cause: error,
        remedy: 'See what the log of that machine says of it: its disk may be failing.',
      })
    }
    return new SourceError('source-unreadable', `${place} cannot be read (${error.code})`, {
      cause: error,
      permanent: permissionCodes.includes(error.code),
      remedy:
        'Run the worker as a user who may read it, exclude it, or set onUnreadable: skip to leave such entries out.',
    })
  }
}
