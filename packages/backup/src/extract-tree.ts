/**
 * Writes tar entries below one directory and nowhere else.
 *
 * What an entry's header says is judged first (`judge-entry.ts`). Then its parent directories are
 * looked at without following links, one by one; a parent that is a symbolic link refuses the entry,
 * so that a link inside the archive can never lead a later entry outside. Devices are never made.
 * Directory modes and times are set last, since a read-only directory could not be filled.
 *
 * Whole files only: one that does not become whole is removed again.
 */
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import type { TarEntry, TarHeader } from '@backstream/archive'
import { BackupError } from './errors.ts'
import { type EntryPlace, type EntryRules, judgeEntry, quote, refused } from './judge-entry.ts'
import { NewFile, nameBeside } from './new-file.ts'
import { givesWay, type Overwrite } from './overwrite.ts'

export interface ExtractOptions extends EntryRules {
  /** An empty directory, or one of which `overwrite` says what may be replaced. */
  readonly root: string
  readonly signal: AbortSignal
  /** Absent: the directory is empty, and a name that is there already is the archive's fault. */
  readonly overwrite?: Overwrite | undefined
  /** Keep set-user-id and set-group-id bits of files. */
  readonly keepSetuid?: boolean
  /** Set owners; as a rule only root can. */
  readonly keepOwners: boolean
  /** Filled as it goes, for whoever has to tell how far it came. */
  readonly report?: ExtractReport
}

export interface ExtractReport {
  /** Those that are done, be they written or kept. */
  entries: number
  files: number
  /** Content bytes written. */
  bytes: number
  /** Entries that had to leave what was there. */
  kept: number
  /** Files and links that took the place of what was there. */
  replaced: number
  /** Files whose set-user-id or set-group-id bit was taken off. */
  setuidCleared: number
  /** Entries of somebody else, where owners are not set. */
  othersOwned: number
  /** What could not be set as it was, by kind: owner, mode, time. */
  readonly notSet: Map<string, number>
  /** The entry being written: where it stopped, if it did. */
  current: string | null
  /** Entries that were left out because the archive is damaged where they lie. */
  readonly damaged: Set<string>
}

export function emptyReport(): ExtractReport {
  const counts = { entries: 0, files: 0, bytes: 0, kept: 0, replaced: 0 }
  const kinds = { notSet: new Map<string, number>(), damaged: new Set<string>() }
  return { ...counts, setuidCleared: 0, othersOwned: 0, ...kinds, current: null }
}

const setuidBits = 0o6000

/** Extracts entry after entry; `finish` sets what had to wait, `abandon` ends one that failed. */
export class TreeExtractor {
  readonly report: ExtractReport
  readonly #options: ExtractOptions
  readonly #root: Buffer
  readonly #safeParents = new Set<string>()
  readonly #directories: { readonly path: Buffer; readonly header: TarHeader }[] = []
  #newOwner: ReturnType<NewFile['owner']> | null = null
  /** What became of the last file: the members of a stream follow each other. */
  #file: { readonly header: TarHeader; readonly made: NewFile | null } | null = null

  constructor(options: ExtractOptions) {
    this.#options = options
    this.#root = Buffer.from(options.root)
    this.report = options.report ?? emptyReport()
  }

  async extract(entry: TarEntry): Promise<void> {
    this.#options.signal.throwIfAborted()
    const { header } = entry
    this.report.current = header.path
    try {
      if (!entry.continues) this.#endFile()
      await this.#make(entry, judgeEntry(header, this.#options))
    } catch (error) {
      this.abandon()
      throw isSystemError(error) ? cannotWrite(header, error) : error
    }
    this.report.entries++
  }

  finish(): ExtractReport {
    this.#endFile()
    for (const { path, header } of this.#directories.reverse()) {
      if (this.#mayOwn(header)) this.#try('owner', () => lchownSync(path, header.uid, header.gid))
      this.#try('mode', () => chmodSync(path, header.mode & 0o7777))
      this.#try('time', () => lutimesSync(path, timeOf(header), timeOf(header)))
    }
    this.report.current = null
    return this.report
  }

  /** Removes the file that did not become whole. */
  abandon(): void {
    this.#file?.made?.abandon()
    this.#file = null
  }

  async #make(entry: TarEntry, place: EntryPlace): Promise<void> {
    const { header } = entry
    if (entry.continues && this.#file) return await this.#fill(entry)
    const path = this.#join(place.parts)
    if (place.parts.length === 0) return this.#rootDirectory(header)
    if (!this.#makeParents(place.parts, header)) return this.#keep(header)
    const { overwrite } = this.#options
    const there = overwrite === undefined ? undefined : lookAt(path)
    if (header.type === 'directory') return this.#directory(path, header, there)
    if (there && !this.#mayReplace(header, there)) return this.#keep(header)
    if (there) this.report.replaced++
    if (header.type === 'symlink') return this.#symlink(path, header)
    if (place.target) return this.#link(path, header, place.target)
    this.#file = { header, made: new NewFile(path, { mayReplace: overwrite !== undefined }) }
    await this.#fill(entry)
  }

  #mayReplace(header: TarHeader, there: Stats): boolean {
    const { overwrite = 'never' } = this.#options
    if (!givesWay(there, header, overwrite)) return false
    if (there.isDirectory()) throw inTheWay(header, 'a directory')
    return true
  }

  /** The content is read and compared all the same. */
  #keep(header: TarHeader): void {
    this.report.kept++
    this.#file = header.type === 'file' ? { header, made: null } : null
  }

  #directory(path: Buffer, header: TarHeader, there: Stats | undefined): void {
    if (there && !there.isDirectory()) {
      if (!this.#mayReplace(header, there)) return void this.#keep(header)
      // What a link of somebody's leads to may be meant to be there.
      if (there.isSymbolicLink()) throw inTheWay(header, 'a link')
      unlinkSync(path)
      this.report.replaced++
    }
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      if (!isCode(error, 'EEXIST') || !lstatSync(path).isDirectory()) throw error
      if (there && !givesWay(there, header, this.#options.overwrite ?? 'always')) {
        return void this.#keep(header)
      }
    }
    this.#rememberDirectory(path, header)
  }

  #rootDirectory(header: TarHeader): void {
    const { overwrite } = this.#options
    const isOurs = overwrite === undefined || givesWay(lstatSync(this.#root), header, overwrite)
    if (isOurs) this.#rememberDirectory(this.#root, header)
    else this.#keep(header)
  }

  #rememberDirectory(path: Buffer, header: TarHeader): void {
    this.#directories.push({ path, header })
  }

  #symlink(path: Buffer, header: TarHeader): void {
    this.#place(path, (name) => symlinkSync(header.rawLinkTarget, name))
    if (this.#mayOwn(header)) this.#try('owner', () => lchownSync(path, header.uid, header.gid))
    this.#try('time', () => lutimesSync(path, timeOf(header), timeOf(header)))
  }

  #link(path: Buffer, header: TarHeader, parts: readonly Buffer[]): void {
    if (!this.#makeParents(parts, header)) return void this.#keep(header)
    const target = this.#join(parts)
    if (!lstatSync(target).isFile()) throw refused(header, 'it links to what is not a plain file')
    this.#place(path, (name) => linkSync(target, name))
  }

  /** Makes something under its name, or beside what is there and then over it. */
  #place(path: Buffer, make: (name: Buffer) => void): void {
    if (this.#options.overwrite === undefined) return void make(path)
    const name = nameBeside(path)
    make(name)
    renameSync(name, path)
    // Of two names of one file the move leaves both.
    if (lookAt(name)) unlinkSync(name)
  }

  async #fill({ content }: TarEntry): Promise<void> {
    for await (const chunk of content) {
      this.#options.signal.throwIfAborted()
      if (!this.#file?.made) continue
      this.#file.made.write(chunk)
      this.report.bytes += chunk.byteLength
    }
  }

  #endFile(): void {
    const { header, made } = this.#file ?? {}
    if (header && made) {
      if (this.#mayOwn(header) && !this.#isOwnedAlready(made, header)) {
        this.#try('owner', () => made.setOwner(header.uid, header.gid))
      }
      this.#try('mode', () => made.setMode(this.#modeOf(header)))
      this.#try('time', () => made.setTime(timeOf(header)))
      made.finish()
      this.report.files++
    }
    this.#file = null
  }

  /** All that is made in an empty place belongs to the same user and group: looked up once. */
  #isOwnedAlready(made: NewFile, { uid, gid }: TarHeader): boolean {
    if (this.#options.overwrite !== undefined) return false
    this.#newOwner ??= made.owner()
    return this.#newOwner.uid === uid && this.#newOwner.gid === gid
  }

  #modeOf(header: TarHeader): number {
    if (this.#options.keepSetuid || (header.mode & setuidBits) === 0) return header.mode & 0o7777
    this.report.setuidCleared++
    return header.mode & 0o7777 & ~setuidBits
  }

  #mayOwn({ uid, gid }: TarHeader): boolean {
    if (this.#options.keepOwners) return true
    if (uid !== process.getuid?.() || gid !== process.getgid?.()) this.report.othersOwned++
    return false
  }

  /**
   * Directories that have no entry of their own, or come after what is in them. False when one is
   * not to be replaced by a directory.
   */
  #makeParents(parts: readonly Buffer[], header: TarHeader): boolean {
    for (let depth = 1; depth < parts.length; depth++) {
      const path = this.#join(parts.slice(0, depth))
      const key = path.toString('latin1')
      if (this.#safeParents.has(key)) continue
      try {
        mkdirSync(path, { mode: 0o700 })
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error
        if (!lstatSync(path).isDirectory()) {
          if (this.#options.overwrite === 'never') return false
          throw refused(header, 'its way leads through a link')
        }
      }
      this.#safeParents.add(key)
    }
    return true
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

function lookAt(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function inTheWay(header: TarHeader, what: string): BackupError {
  const message = `${quote(header.path)} cannot be restored: ${what} is in its place`
  return new BackupError('cannot-write', message, {
    permanent: true,
    remedy: 'Move that away, or restore into another directory.',
  })
}

/** The entry is sound as far as we can see; the file system would not have it. */
function cannotWrite(header: TarHeader, cause: NodeJS.ErrnoException): BackupError {
  if (cause.code === 'EEXIST') return refused(header, 'there is one of that name already')
  if (cause.code === 'ENOENT' && header.type === 'link') {
    return refused(header, 'it links to what is not there')
  }
  const message = `${quote(header.path)} cannot be restored: ${cause.message}`
  return new BackupError('cannot-write', message, {
    cause,
    permanent: true,
    remedy: 'See whether there is room, and whether the file system takes such names.',
  })
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
