/**
 * Walks a tree with synchronous calls, in byte order of the names, a directory before what is in it.
 *
 * Each directory is opened without following links, and what is in it is then reached through that
 * open directory (`/proc/<pid>/fd/N/name`): a path component that someone swaps for a link meanwhile
 * cannot lead the walk outside. Where there is no /proc, plain paths are used. Open directories are
 * as many as the tree is deep.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { type ByteString, decodeByteString, isAscii, toByteString } from '@backstream/archive/tar'
import type { PathFilter } from './path-filter.ts'
import { pseudoFilesystemAt } from './pseudo-filesystem.ts'

export interface WalkOptions {
  /** A directory, or a link to one. */
  readonly root: string
  readonly filter: PathFilter
  readonly excludeCaches: boolean
  readonly excludeIfPresent: readonly string[]
  readonly oneFileSystem: boolean
}

/** One entry on the way: where it is, and its path below the root. */
export interface Visited {
  /** To be opened as it is. */
  readonly location: string | Buffer
  readonly path: ByteString
}

/** What is told to, in order. Throwing ends the walk. */
export interface WalkVisitor {
  directory(at: Visited, stat: BigIntStats): void
  file(at: Visited): void
  symlink(at: Visited): void
  /** Sockets, fifos, devices. */
  special(at: Visited, kind: string): void
  /** A directory that cannot be opened or listed. Returning skips it. */
  failed(at: Visited, error: NodeJS.ErrnoException): void
  warn(code: string, at: Visited, message: string): void
}

const openDirectoryFlags = constants.O_RDONLY | constants.O_DIRECTORY

export function walkDirectory(options: WalkOptions, visitor: WalkVisitor): void {
  // The source's path itself may be a link; nothing below it may.
  const descriptor = openSync(options.root, openDirectoryFlags)
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    const walk = new Walk(options, visitor, stat.dev)
    walk.contents({ descriptor, location: options.root, path: '', stat })
  } finally {
    closeSync(descriptor)
  }
}

interface OpenDirectory extends Visited {
  readonly descriptor: number
  readonly stat: BigIntStats
}

class Walk {
  readonly #options: WalkOptions
  readonly #visitor: WalkVisitor
  readonly #rootDevice: bigint
  readonly #byDescriptor: string | null = descriptorDirectory()
  readonly #tags: readonly ByteString[]
  /** Directories on the way down that are told of only once something in them is. */
  readonly #held: OpenDirectory[] = []
  /** Every directory on the way down: one that is met again is mounted inside itself. */
  readonly #above = new Set<string>()

  constructor(options: WalkOptions, visitor: WalkVisitor, rootDevice: bigint) {
    this.#options = options
    this.#visitor = visitor
    this.#rootDevice = rootDevice
    this.#tags = options.excludeIfPresent.map(toByteString)
  }

  contents(directory: OpenDirectory): void {
    const identity = identityOf(directory)
    this.#above.add(identity)
    this.#entries(directory)
    this.#above.delete(identity)
  }

  #entries(directory: OpenDirectory): void {
    const names = this.#list(directory)
    if (names === null) return
    const tag = this.#excludingTag(directory, names)
    const base = this.#byDescriptor
      ? `${this.#byDescriptor}${directory.descriptor}/`
      : `${byteStringOf(directory.location)}/`
    for (const entry of names) {
      if (tag !== null && entry.name !== tag) continue
      const at: Visited = {
        location: locationOf(base + entry.name),
        path: directory.path === '' ? entry.name : `${directory.path}/${entry.name}`,
      }
      this.#entry(at, entry)
    }
  }

  #entry(at: Visited, entry: Listed): void {
    const kind = entry.kind ?? this.#look(at)
    if (kind === null) return
    const { filter } = this.#options
    const isDirectory = kind === 'directory'
    const text = decodeByteString(at.path)
    if (filter.isExcluded(text, isDirectory)) return
    const isIncluded = filter.isIncluded(text, isDirectory)
    if (isDirectory) {
      this.#directory(at, isIncluded)
      return
    }
    if (!isIncluded) return
    this.#tellHeld()
    if (kind === 'file') this.#visitor.file(at)
    else if (kind === 'symlink') this.#visitor.symlink(at)
    else this.#visitor.special(at, kind)
  }

  #directory(at: Visited, isIncluded: boolean): void {
    let descriptor: number
    try {
      descriptor = openSync(at.location, openDirectoryFlags | constants.O_NOFOLLOW)
    } catch (error) {
      this.#visitor.failed(at, error as NodeJS.ErrnoException)
      return
    }
    try {
      const stat = fstatSync(descriptor, { bigint: true })
      const directory = { ...at, descriptor, stat }
      this.#held.push(directory)
      if (isIncluded) this.#tellHeld()
      if (this.#isEntered(directory)) this.contents(directory)
      if (this.#held.at(-1) === directory) this.#held.pop()
    } finally {
      closeSync(descriptor)
    }
  }

  #tellHeld(): void {
    for (const directory of this.#held) this.#visitor.directory(directory, directory.stat)
    this.#held.length = 0
  }

  #isEntered(directory: OpenDirectory): boolean {
    if (this.#above.has(identityOf(directory))) {
      this.#visitor.warn('loop', directory, 'it is the same directory as one it lies in')
      return false
    }
    if (directory.stat.dev === this.#rootDevice) return true
    if (this.#options.oneFileSystem) return false
    return !this.#isPseudo(directory)
  }

  #isPseudo(directory: OpenDirectory): boolean {
    let pseudo: string | null
    try {
      pseudo = pseudoFilesystemAt(directory.location)
    } catch (error) {
      this.#visitor.failed(directory, error as NodeJS.ErrnoException)
      return true
    }
    if (pseudo === null) return false
    this.#visitor.warn('pseudo-filesystem', directory, `a ${pseudo} file system is not entered`)
    return true
  }

  #list(directory: OpenDirectory): Listed[] | null {
    const path = this.#byDescriptor
      ? `${this.#byDescriptor}${directory.descriptor}`
      : directory.location
    try {
      return listSorted(path)
    } catch (error) {
      this.#visitor.failed(directory, error as NodeJS.ErrnoException)
      return null
    }
  }

  /** The name of the file because of which everything else in here is left out. */
  #excludingTag(directory: OpenDirectory, names: readonly Listed[]): ByteString | null {
    const { excludeCaches } = this.#options
    if (!excludeCaches && this.#tags.length === 0) return null
    for (const { name } of names) {
      if (this.#tags.includes(name)) return name
      if (excludeCaches && name === cacheTag && this.#isCacheTag(directory)) return name
    }
    return null
  }

  #isCacheTag(directory: OpenDirectory): boolean {
    const base = this.#byDescriptor
      ? `${this.#byDescriptor}${directory.descriptor}`
      : byteStringOf(directory.location)
    try {
      return readStart(locationOf(`${base}/${cacheTag}`), cacheSignature.length).equals(
        cacheSignature,
      )
    } catch {
      // One that cannot be read marks nothing; as an entry it is reported like any other.
      return false
    }
  }

  /** For file systems whose listings do not tell what an entry is. */
  #look(at: Visited): Kind | null {
    try {
      return kindOf(lstatSync(at.location))
    } catch (error) {
      this.#visitor.failed(at, error as NodeJS.ErrnoException)
      return null
    }
  }
}

const cacheTag = 'CACHEDIR.TAG'
const cacheSignature = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55')

function readStart(location: string | Buffer, bytes: number): Buffer {
  const descriptor = openSync(location, fileFlags)
  try {
    const start = Buffer.alloc(bytes)
    readSync(descriptor, start, 0, bytes, 0)
    return start
  } finally {
    closeSync(descriptor)
  }
}

function identityOf({ stat }: OpenDirectory): string {
  return `${stat.dev}:${stat.ino}`
}

/** Not a link, and not a fifo that nobody writes to: those would be waited for. */
export const fileFlags: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

type Kind = 'file' | 'directory' | 'symlink' | 'socket' | 'fifo' | 'device'

interface Listed {
  readonly name: ByteString
  /** Null where the listing did not tell. */
  readonly kind: Kind | null
}

function listSorted(path: string | Buffer): Listed[] {
  let names: Listed[]
  try {
    const entries = readdirSync(path, { encoding: 'latin1', withFileTypes: true })
    names = entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
  } catch (error) {
    // Where a listing holds no types, Node looks each entry up by a name it has wrongly recoded.
    if ((error as NodeJS.ErrnoException).syscall !== 'lstat') throw error
    names = readdirSync(path, 'latin1').map((name) => ({ name, kind: null }))
  }
  return names.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function kindOf(entry: Dirent | NonNullable<ReturnType<typeof lstatSync>>): Kind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'symlink'
  if (entry.isSocket()) return 'socket'
  return entry.isFIFO() ? 'fifo' : 'device'
}

/** `/proc/<pid>/fd/`, spelled out since the way over `self` costs one link more for each file. */
function descriptorDirectory(): string | null {
  return existsSync('/proc/self/fd') ? `/proc/${readlinkSync('/proc/self')}/fd/` : null
}

function locationOf(path: ByteString): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1')
}

function byteStringOf(location: string | Buffer): ByteString {
  return typeof location === 'string' ? toByteString(location) : location.toString('latin1')
}
