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
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import type { TarEntry, TarHeader } from '@backstream/archive'
import type { ByteString } from '@backstream/archive/tar'
import { cannotWrite, inTheWay, isCode, isSystemError } from './extract-problems.ts'
import { countsOf, type ExtractCounts, type ExtractReport, emptyReport } from './extract-report.ts'
import { type FileAttributes, FileMaker } from './file-maker.ts'
import { type EntryPlace, FoldedNames, judgeEntry, refused } from './judge-entry.ts'
import { timeOf } from './new-file.ts'
import { givesWay, type Overwrite } from './overwrite.ts'
import { lookAt, putInPlace } from './put-in-place.ts'
import { TreePlaces } from './tree-places.ts'

export interface ExtractOptions {
  /** An empty directory, or one of which `overwrite` says what may be replaced. */
  readonly root: string
  /** Absent: the directory is empty, and a name that is there already is the archive's fault. */
  readonly overwrite?: Overwrite | undefined
  /** The file system takes `a` and `A` for one name. */
  readonly foldsNames?: boolean | undefined
  /** No entry holds more: bytes of the whole plain tar. */
  readonly maxBytes?: number | undefined
  /** Keep set-user-id and set-group-id bits of files. */
  readonly keepSetuid?: boolean | undefined
  /** Set owners; as a rule only root can. */
  readonly keepOwners: boolean
}

export interface ExtractWork {
  readonly signal: Pick<AbortSignal, 'throwIfAborted'>
  /** Filled as it goes, for whoever has to tell how far it came. */
  readonly report?: ExtractReport | undefined
  /** Where another one stopped. */
  readonly left?: LeftToDo | undefined
}

/** What one extractor leaves to the next that goes on where it stopped. */
export interface LeftToDo {
  /** Their modes and times can only be set when all entries are there. */
  readonly directories: readonly DirectoryToSet[]
  readonly names: FoldedNames['spelling'] | null
}

interface DirectoryToSet extends Pick<TarHeader, 'uid' | 'gid' | 'mode' | 'mtimeMs'> {
  readonly path: ByteString
}

const setuidBits = 0o6000

/** A file, being made or kept. */
interface OpenFile {
  readonly header: TarHeader
  readonly path: ByteString
  /** Null: what is there is kept. */
  readonly attributes: FileAttributes | null
  /** How far everything had come when it was begun. */
  readonly before: ExtractCounts
}

/** Extracts entry after entry; `finish` sets what had to wait, `abandon` ends one that failed. */
export class TreeExtractor {
  readonly report: ExtractReport
  readonly #options: ExtractOptions
  readonly #signal: ExtractWork['signal']
  readonly #places: TreePlaces
  readonly #names: FoldedNames | undefined
  readonly #files: FileMaker
  readonly #ourselves = { uid: process.getuid?.(), gid: process.getgid?.() }
  readonly #directories: DirectoryToSet[]
  /** The one being extracted. */
  #entry: TarHeader | null = null
  /** The last one: the members of a stream follow each other. */
  #file: OpenFile | null = null

  constructor(options: ExtractOptions, { signal, report = emptyReport(), left }: ExtractWork) {
    this.#options = options
    this.#signal = signal
    this.report = report
    this.#places = new TreePlaces(options.root, { isOthersKept: options.overwrite === 'never' })
    this.#names = options.foldsNames ? new FoldedNames(left?.names) : undefined
    this.#directories = [...(left?.directories ?? [])]
    this.#files = new FileMaker({
      mayReplace: options.overwrite !== undefined,
      onNotSet: (what) => this.#countNotSet(what),
    })
  }

  async extract(entry: TarEntry): Promise<void> {
    this.begin(entry)
    try {
      for await (const chunk of entry.content) this.write(chunk)
    } catch (error) {
      this.abandon()
      throw error
    }
    this.end()
  }

  /** The next entry; its content follows by `write`, then comes `end`. */
  begin({ header, continues }: Pick<TarEntry, 'header' | 'continues'>): void {
    this.#signal.throwIfAborted()
    const isNext = continues && this.#file !== null
    if (!isNext) this.#endFile()
    this.#entry = header
    this.report.current = header.path
    this.#attempt(() => {
      const place = judgeEntry(header, { maxBytes: this.#options.maxBytes, names: this.#names })
      if (!isNext) this.#make(header, place)
    })
  }

  write(chunk: Uint8Array): void {
    this.#signal.throwIfAborted()
    if (!this.#file?.attributes) return
    this.#attempt(() => this.#files.write(chunk))
    this.report.bytes += chunk.byteLength
  }

  end(): void {
    this.#entry = null
    this.report.entries++
  }

  finish(): ExtractReport {
    this.#endFile()
    for (const { path, ...header } of this.#directories.reverse()) {
      const place = this.#places.at(path)
      if (this.#mayOwn(header)) this.#try('owner', () => lchownSync(place, header.uid, header.gid))
      this.#try('mode', () => chmodSync(place, header.mode & 0o7777))
      this.#try('time', () => lutimesSync(place, timeOf(header.mtimeMs), timeOf(header.mtimeMs)))
    }
    this.report.current = null
    return this.report
  }

  /** Removes the file that did not become whole. Never throws. */
  abandon(): void {
    this.#files.abandon()
    this.#file = null
  }

  /**
   * Ends it here, for another one to go on. The last file goes, counts for nothing, and what it was to replace
   * stays: nobody can say whether all its members have come. Never throws.
   */
  leave(): LeftToDo {
    if (this.#file) Object.assign(this.report, this.#file.before)
    this.abandon()
    return { directories: this.#directories, names: this.#names?.spelling ?? null }
  }

  #countNotSet(what: string): void {
    this.report.notSet.set(what, (this.report.notSet.get(what) ?? 0) + 1)
  }

  #attempt(operation: () => void): void {
    try {
      operation()
    } catch (error) {
      this.abandon()
      throw this.#entry && isSystemError(error) ? cannotWrite(this.#entry, error) : error
    }
  }

  #make(header: TarHeader, { path, target }: EntryPlace): void {
    if (path === '') return void this.#rootDirectory(header)
    const before = countsOf(this.report)
    if (!this.#places.makeParents(path, header)) return void this.#keep(header)
    const { overwrite } = this.#options
    const place = this.#places.at(path)
    const there = overwrite === undefined ? undefined : lookAt(place)
    if (header.type === 'directory') return void this.#directory(path, header, there)
    if (there && !this.#mayReplace(header, there)) return void this.#keep(header)
    if (there) this.report.replaced++
    if (header.type === 'symlink') return void this.#symlink(place, header)
    if (target !== null) return void this.#link(place, header, target)
    this.#beginFile({ path, header, before })
  }

  #beginFile({ path, header, before }: Omit<OpenFile, 'attributes'>): void {
    const owner = this.#mayOwn(header) ? { uid: header.uid, gid: header.gid } : null
    const attributes = { owner, mode: this.#modeOf(header), mtimeMs: header.mtimeMs }
    this.#files.begin(this.#places.at(path), attributes)
    this.#file = { header, path, attributes, before }
  }

  #endFile(): void {
    const file = this.#file
    if (file?.attributes) {
      try {
        this.#files.end(file.attributes)
      } catch (error) {
        // It was counted as done when its content was; what comes next is not begun.
        Object.assign(this.report, file.before, { current: file.header.path })
        this.abandon()
        throw isSystemError(error) ? cannotWrite(file.header, error) : error
      }
      this.report.files++
    }
    this.#file = null
  }

  #mayReplace(header: TarHeader, there: Stats): boolean {
    const { overwrite = 'never' } = this.#options
    if (!givesWay(there, header, overwrite)) return false
    if (there.isDirectory()) throw inTheWay(header, 'a directory')
    return true
  }

  /** The content is read and compared all the same. */
  #keep(header: TarHeader): void {
    const kept = { header, path: '', attributes: null, before: countsOf(this.report) }
    this.report.kept++
    this.#file = header.type === 'file' ? kept : null
  }

  #directory(path: ByteString, header: TarHeader, there: Stats | undefined): void {
    const place = this.#places.at(path)
    if (there && !there.isDirectory()) {
      if (!this.#mayReplace(header, there)) return void this.#keep(header)
      // What a link of somebody's leads to may be meant to be there.
      if (there.isSymbolicLink()) throw inTheWay(header, 'a link')
      unlinkSync(place)
      this.report.replaced++
    }
    try {
      mkdirSync(place, { mode: 0o700 })
    } catch (error) {
      if (!isCode(error, 'EEXIST') || !lstatSync(place).isDirectory()) throw error
      if (there && !givesWay(there, header, this.#options.overwrite ?? 'always')) {
        return void this.#keep(header)
      }
    }
    this.#rememberDirectory(path, header)
  }

  #rootDirectory(header: TarHeader): void {
    const { overwrite } = this.#options
    const isOurs =
      overwrite === undefined || givesWay(lstatSync(this.#places.at('')), header, overwrite)
    if (isOurs) this.#rememberDirectory('', header)
    else this.#keep(header)
  }

  #rememberDirectory(path: ByteString, { uid, gid, mode, mtimeMs }: TarHeader): void {
    this.#directories.push({ path, uid, gid, mode, mtimeMs })
  }

  #symlink(place: Buffer, header: TarHeader): void {
    this.#put(place, (name) => symlinkSync(header.rawLinkTarget, name))
    if (this.#mayOwn(header)) this.#try('owner', () => lchownSync(place, header.uid, header.gid))
    this.#try('time', () => lutimesSync(place, timeOf(header.mtimeMs), timeOf(header.mtimeMs)))
  }

  #link(place: Buffer, header: TarHeader, target: ByteString): void {
    if (!this.#places.makeParents(target, header)) return void this.#keep(header)
    const there = this.#places.at(target)
    if (!lstatSync(there).isFile()) throw refused(header, 'it links to what is not a plain file')
    this.#put(place, (name) => linkSync(there, name))
  }

  #put(place: Buffer, make: (name: Buffer) => void): void {
    putInPlace(place, { mayReplace: this.#options.overwrite !== undefined }, make)
  }

  #modeOf(header: TarHeader): number {
    if (this.#options.keepSetuid || (header.mode & setuidBits) === 0) return header.mode & 0o7777
    this.report.setuidCleared++
    return header.mode & 0o7777 & ~setuidBits
  }

  #mayOwn({ uid, gid }: Pick<TarHeader, 'uid' | 'gid'>): boolean {
    if (this.#options.keepOwners) return true
    if (uid !== this.#ourselves.uid || gid !== this.#ourselves.gid) this.report.othersOwned++
    return false
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
