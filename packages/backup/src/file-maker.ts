import {
  type FileAttributes,
  FileFailed,
  type FileMark,
  type FileSink,
  type NotSet,
} from './file-sink.ts'
import { NewFile } from './new-file.ts'

export interface FileMakerOptions {
  /** Of what is there, a plain file or a link gives way. */
  readonly mayReplace: boolean
}

/** Makes files at once, by calls that return when it is done. */
export class FileMaker implements FileSink {
  onNotSet: FileSink['onNotSet'] = () => {}
  readonly #options: FileMakerOptions
  #file: NewFile | null = null
  #mark: FileMark | null = null
  #newOwner: ReturnType<NewFile['owner']> | null = null

  constructor(options: FileMakerOptions) {
    this.#options = options
  }

  begin(path: Buffer, mark: FileMark): undefined {
    this.#mark = mark
    this.#attempt(() => {
      this.#file = new NewFile(path, this.#options)
    })
  }

  write(chunk: Uint8Array): undefined {
    this.#attempt(() => this.#file?.write(chunk))
  }

  end({ owner, mode, mtimeMs }: FileAttributes): undefined {
    const file = this.#file
    if (!file) return
    if (owner && !this.#isOwnedAlready(file, owner)) {
      this.#try('owner', () => file.setOwner(owner.uid, owner.gid))
    }
    this.#try('mode', () => file.setMode(mode))
    this.#try('time', () => file.setTime(mtimeMs))
    this.#attempt(() => file.finish())
    this.#file = null
  }

  abandon(): void {
    this.#file?.abandon()
    this.#file = null
  }

  flush(): undefined {}

  /** All that is made in an empty place belongs to the same user and group: looked up once. */
  #isOwnedAlready(file: NewFile, { uid, gid }: { uid: number; gid: number }): boolean {
    if (this.#options.mayReplace) return false
    this.#newOwner ??= file.owner()
    return this.#newOwner.uid === uid && this.#newOwner.gid === gid
  }

  #attempt(operation: () => void): void {
    try {
      operation()
    } catch (error) {
      throw this.#mark ? new FileFailed(this.#mark, error) : error
    }
  }

  #try(what: NotSet, set: () => void): void {
    try {
      set()
    } catch {
      // Counted, and said in the summary: a restore must not end because an owner cannot be set.
      this.onNotSet(what)
    }
  }
}
