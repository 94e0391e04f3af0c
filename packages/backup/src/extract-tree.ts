/**
 * Writes tar entries below one directory and nowhere else.
 *
 * An entry's parent directories are looked at without following links, one by one; a parent that is
 * a symbolic link refuses the entry, so that a link inside the archive can never lead a later entry
 * outside. Files are created anew, never opened through what is there. Devices are never made.
 * Directory modes and times are set last, since a read-only directory could not be filled.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import type { TarEntry, TarHeader } from '@backstream/archive'
import { BackupError } from './errors.ts'

export interface ExtractOptions {
  /** An empty directory. */
  readonly root: string
  readonly signal: AbortSignal
  /** Keep set-user-id and set-group-id bits of files. */
  readonly keepSetuid?: boolean
  /** Set owners; as a rule only root can. */
  readonly keepOwners: boolean
}

export interface ExtractReport {
  entries: number
  files: number
  /** Content bytes written. */
  bytes: number
  /** Files whose set-user-id or set-group-id bit was taken off. */
  setuidCleared: number
  /** What could not be set as it was, by kind: owner, mode, time. */
  readonly notSet: Map<string, number>
}

const setuidBits = 0o6000
const creation = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Extracts entry after entry; `finish` sets what had to wait. */
export class TreeExtractor {
  readonly report: ExtractReport = {
    entries: 0,
    files: 0,
    bytes: 0,
    setuidCleared: 0,
    notSet: new Map(),
  }
  readonly #options: ExtractOptions
  readonly #root: Buffer
  readonly #safeParents = new Set<string>()
  readonly #directories: { readonly path: Buffer; readonly header: TarHeader }[] = []
  /** Streams in progress: a command's output lies in several members of one name. */
  readonly #streams = new Set<string>()

  constructor(options: ExtractOptions) {
    this.#options = options
    this.#root = Buffer.from(options.root)
  }

  async extract(entry: TarEntry): Promise<void> {
    this.#options.signal.throwIfAborted()
    const { header } = entry
    const parts = safeParts(header.rawPath, header)
    this.report.entries++
    try {
      await this.#make(entry, parts)
    } catch (error) {
      throw isSystemError(error) ? cannotWrite(header, error) : error
    }
  }

  async #make(entry: TarEntry, parts: readonly Buffer[]): Promise<void> {
    const { header } = entry
    if (parts.length === 0) {
      if (header.type !== 'directory') throw refused(header, 'only a directory may have that name')
      return this.#rememberDirectory(this.#root, header)
    }
    const path = this.#join(parts)
    this.#makeParents(parts, header)
    switch (header.type) {
      case 'directory':
        return this.#directory(path, header)
      case 'symlink':
        return this.#symlink(path, header)
      case 'link':
        return this.#link(path, header)
      case 'file':
        return await this.#file(path, entry)
      default:
        throw refused(header, `it is a ${header.type}`)
    }
  }

  finish(): ExtractReport {
    for (const { path, header } of this.#directories.reverse()) {
      if (this.#options.keepOwners)
        this.#try('owner', () => lchownSync(path, header.uid, header.gid))
      this.#try('mode', () => chmodSync(path, header.mode & 0o7777))
      this.#try('time', () => lutimesSync(path, timeOf(header), timeOf(header)))
    }
    return this.report
  }

  #directory(path: Buffer, header: TarHeader): void {
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      if (!isCode(error, 'EEXIST') || !lstatSync(path).isDirectory()) throw error
    }
    this.#rememberDirectory(path, header)
  }

  #rememberDirectory(path: Buffer, header: TarHeader): void {
    this.#directories.push({ path, header })
  }

  #symlink(path: Buffer, header: TarHeader): void {
    if (header.rawLinkTarget.includes(0)) throw refused(header, 'its target holds a zero byte')
    symlinkSync(header.rawLinkTarget, path)
    if (this.#options.keepOwners) this.#try('owner', () => lchownSync(path, header.uid, header.gid))
    this.#try('time', () => lutimesSync(path, timeOf(header), timeOf(header)))
  }

  #link(path: Buffer, header: TarHeader): void {
    const parts = safeParts(header.rawLinkTarget, header)
    this.#makeParents(parts, header)
    const target = this.#join(parts)
    if (!lstatSync(target).isFile()) throw refused(header, 'it links to what is not a plain file')
    linkSync(target, path)
  }

  async #file(path: Buffer, { header, content }: TarEntry): Promise<void> {
    const key = path.toString('latin1')
    const descriptor = this.#open(path, key)
    try {
      for await (const chunk of content) {
        this.#options.signal.throwIfAborted()
        writeWhole(descriptor, chunk)
        this.report.bytes += chunk.byteLength
      }
      if (this.#options.keepOwners) {
        this.#try('owner', () => fchownSync(descriptor, header.uid, header.gid))
      }
      this.#try('mode', () => fchmodSync(descriptor, this.#modeOf(header)))
      this.#try('time', () => futimesSync(descriptor, timeOf(header), timeOf(header)))
    } finally {
      closeSync(descriptor)
    }
    this.report.files++
    this.#streams.add(key)
  }

  /** A second member of a name this extraction wrote goes on where the first one ended. */
  #open(path: Buffer, key: string): number {
    if (!this.#streams.has(key)) return openSync(path, creation, 0o600)
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW)
  }

  #modeOf(header: TarHeader): number {
    if (this.#options.keepSetuid || (header.mode & setuidBits) === 0) return header.mode & 0o7777
    this.report.setuidCleared++
    return header.mode & 0o7777 & ~setuidBits
  }

  /** Directories that have no entry of their own, or come after what is in them. */
  #makeParents(parts: readonly Buffer[], header: TarHeader): void {
    for (let depth = 1; depth < parts.length; depth++) {
      const path = this.#join(parts.slice(0, depth))
      const key = path.toString('latin1')
      if (this.#safeParents.has(key)) continue
      try {
        mkdirSync(path, { mode: 0o700 })
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error
        if (!lstatSync(path).isDirectory()) throw refused(header, 'its way leads through a link')
      }
      this.#safeParents.add(key)
    }
  }

  #join(parts: readonly Buffer[]): Buffer {
    return Buffer.concat([this.#root, ...parts.flatMap((part) => [slash, part])])
  }

  #try(what: string, set: () => void): void {
    try {
      set()
    } catch {
      // Counted, and said in the summary: a restore must not end because an owner cannot be set.
      this.report.notSet.set(what, (this.report.notSet.get(what) ?? 0) + 1)
    }
  }
}

/** Node takes a negative number of seconds for "now", but not a date before 1970. */
function timeOf({ mtimeMs }: TarHeader): number | Date {
  return mtimeMs < 0 ? new Date(Math.floor(mtimeMs)) : mtimeMs / 1000
}

const slash = Buffer.from('/')

/** The names on an entry's way, or a refusal: absolute, leading upwards, or no name at all. */
function safeParts(raw: Uint8Array, header: TarHeader): Buffer[] {
  const path = Buffer.from(raw)
  if (path.includes(0)) throw refused(header, 'its name holds a zero byte')
  if (path[0] === 0x2f) throw refused(header, 'its name is absolute')
  const parts: Buffer[] = []
  for (let at = 0; at <= path.length; ) {
    const end = path.indexOf(0x2f, at)
    const part = path.subarray(at, end === -1 ? path.length : end)
    if (part.equals(dotDot)) throw refused(header, 'its name leads upwards')
    if (part.length > 0 && !part.equals(dot)) parts.push(part)
    if (end === -1) break
    at = end + 1
  }
  return parts
}

const dot = Buffer.from('.')
const dotDot = Buffer.from('..')

function refused(header: TarHeader, why: string): BackupError {
  return new BackupError(
    'unsafe-entry',
    `The archive's entry ${JSON.stringify(shorten(header.path))} is refused: ${why}`,
    {
      permanent: true,
      remedy: 'The archive was not made by Backstream as it is now, or was tampered with.',
    },
  )
}

/** The entry is sound as far as we can see; the file system would not have it. */
function cannotWrite(header: TarHeader, cause: NodeJS.ErrnoException): BackupError {
  if (cause.code === 'EEXIST') return refused(header, 'there is one of that name already')
  if (cause.code === 'ENOENT' && header.type === 'link') {
    return refused(header, 'it links to what is not there')
  }
  const name = JSON.stringify(shorten(header.path))
  return new BackupError('cannot-write', `${name} cannot be restored: ${cause.message}`, {
    cause,
    permanent: true,
    remedy: 'See whether there is room, and whether the file system takes such names.',
  })
}

function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error
}

function writeWhole(descriptor: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.byteLength; ) at += writeSync(descriptor, chunk, at)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
