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
import { cannotWrite, inTheWay, isCode, isSystemError } from './extract-problems.ts'
import { FileMaker } from './file-maker.ts'
import { FileFailed, type FileSink } from './file-sink.ts'
import { type EntryPlace, type EntryRules, judgeEntry, refused } from './judge-entry.ts'
import { nameBeside, timeOf } from './new-file.ts'
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
  /** What makes small files, for an empty directory only; absent: they are made here. */
  readonly smallFiles?: FileSink
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
const smallBytes = 256 << 10

/** Extracts entry after entry; `finish` sets what had to wait, `abandon` ends one that failed. */
export class TreeExtractor {
  readonly report: ExtractReport
  readonly #options: ExtractOptions
  readonly #root: Buffer
  readonly #safeParents = new Set<string>()
  readonly #directories: { readonly path: Buffer; readonly header: TarHeader }[] = []
  /** Large files are made here: to copy their content for a thread costs what writing it does. */
  readonly #largeFiles: FileSink
  readonly #smallFiles: FileSink
  /** The last file, being made or kept: the members of a stream follow each other. */
  #file: { readonly header: TarHeader; readonly sink: FileSink | null } | null = null

  constructor(options: ExtractOptions) {
    this.#options = options
    this.#root = Buffer.from(options.root)
    this.report = options.report ?? emptyReport()
    this.#largeFiles = new FileMaker({ mayReplace: options.overwrite !== undefined })
    this.#smallFiles = options.smallFiles ?? this.#largeFiles
    for (const sink of [this.#largeFiles, this.#smallFiles]) {
      sink.onNotSet = (what) => this.#countNotSet(what)
    }
  }

  async extract(entry: TarEntry): Promise<void> {
    this.#options.signal.throwIfAborted()
    const { header } = entry
    this.report.current = header.path
    try {
      if (!entry.continues) await this.#endFile()
      await this.#make(entry, judgeEntry(header, this.#options))
    } catch (error) {
      this.abandon()
      throw this.#explain(error, header)
    }
    this.report.entries++
  }

  async finish(): Promise<ExtractReport> {
    try {
      await this.#endFile()
      await this.#smallFiles.flush()
    } catch (error) {
      throw this.#explain(error, null)
    }
    for (const { path, header } of this.#directories.reverse()) {
      if (this.#mayOwn(header)) this.#try('owner', () => lchownSync(path, header.uid, header.gid))
      this.#try('mode', () => chmodSync(path, header.mode & 0o7777))
      this.#try('time', () => lutimesSync(path, timeOf(header.mtimeMs), timeOf(header.mtimeMs)))
    }
    this.report.current = null
    return this.report
  }

  /** Removes the file that did not become whole. */
  abandon(): void {
    this.#file?.sink?.abandon()
    this.#file = null
  }

  #countNotSet(what: string): void {
    this.report.notSet.set(what, (this.report.notSet.get(what) ?? 0) + 1)
  }

  /** A file made in a thread may have failed some entries ago: that is where it stopped. */
  #explain(error: unknown, header: TarHeader | null): unknown {
    if (!(error instanceof FileFailed)) {
      return header && isSystemError(error) ? cannotWrite(header, error) : error
    }
    const { header: failed, ...counts } = error.mark
    Object.assign(this.report, counts, { current: failed.path })
    return isSystemError(error.cause) ? cannotWrite(failed, error.cause) : error.cause
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
    if (place.target) return await this.#link(path, header, place.target)
    const { entries, files, bytes } = this.report
    const sink = header.size > smallBytes ? this.#largeFiles : this.#smallFiles
    this.#file = { header, sink }
    await sink.begin(path, { header, entries, files, bytes })
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
    this.#file = header.type === 'file' ? { header, sink: null } : null
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
    this.#try('time', () => lutimesSync(path, timeOf(header.mtimeMs), timeOf(header.mtimeMs)))
  }

  async #link(path: Buffer, header: TarHeader, parts: readonly Buffer[]): Promise<void> {
    if (!this.#makeParents(parts, header)) return void this.#keep(header)
    await this.#smallFiles.flush()
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
      if (!this.#file?.sink) continue
      await this.#file.sink.write(chunk)
      this.report.bytes += chunk.byteLength
    }
  }

  async #endFile(): Promise<void> {
    const { header, sink } = this.#file ?? {}
    if (header && sink) {
      const owner = this.#mayOwn(header) ? { uid: header.uid, gid: header.gid } : null
      const { mtimeMs } = header
      await sink.end({ owner, mode: this.#modeOf(header), mtimeMs })
      this.report.files++
    }
    this.#file = null
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
      this.#countNotSet(what)
    }
  }
}

const slash = Buffer.from('/')

function lookAt(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
