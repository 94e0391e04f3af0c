/**
 * Where the files of a restore are made: one at a time, each whole or not at all. Here (`FileMaker`) or
 * in a thread (`FileThread`), which is told and does it later.
 */
import type { TarHeader } from '@backstream/archive'

export interface FileAttributes {
  /** Null: whoever makes it is its owner. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
  readonly mode: number
  readonly mtimeMs: number
}

/** A file that was begun, and how far everything had come by then. */
export interface FileMark {
  readonly header: TarHeader
  readonly entries: number
  readonly files: number
  readonly bytes: number
}

/** A promise where there is no room to be told more at once. All throw or reject with `FileFailed`. */
export interface FileSink {
  /** Set by whoever uses it: told of everything that could not be set. */
  onNotSet: (what: NotSet) => void
  begin(path: Buffer, mark: FileMark): Promise<void> | undefined
  /** The chunk's bytes may change afterwards. */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** It is whole. */
  end(attributes: FileAttributes): Promise<void> | undefined
  /** It will never be whole, if there is one: nothing of it stays. Never throws. */
  abandon(): void
  /** Everything told so far is done. */
  flush(): Promise<void> | undefined
}

/** What could not be set of a file that is there all the same. */
export type NotSet = 'owner' | 'mode' | 'time'

/** A file that could not be made, perhaps some entries ago; `cause` says why. */
export class FileFailed extends Error {
  readonly mark: FileMark

  constructor(mark: FileMark, cause: unknown) {
    super('a file could not be made', { cause })
    this.mark = mark
  }
}
