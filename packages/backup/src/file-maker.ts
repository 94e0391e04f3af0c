import { NewFile } from './new-file.ts'

export interface FileMakerOptions {
  /** Of what is there, a plain file or a link gives way. Else the place was empty to begin with. */
  readonly mayReplace: boolean
  readonly onNotSet: (what: NotSet) => void
}

export interface FileAttributes {
  /** Null: whoever makes it is its owner. */
  readonly owner: Owner | null
  readonly mode: number
  readonly mtimeMs: number
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** What could not be set of a file that is there all the same. */
export type NotSet = 'owner' | 'mode' | 'time'

/** Set-user-id and the like, which whatever is done to a file afterwards may take off. */
const specialBits = 0o7000

/** Makes one file after the other, each whole or not at all. */
export class FileMaker {
  readonly #options: FileMakerOptions
  #file: NewFile | null = null
  #isOwned = false
  #hasMode = false
  /** All that is made in an empty place belongs to the same user and group: looked up once. */
  #newOwner: Owner | null = null
  /** And of a mode umask and ACLs leave the same: whether that is all of it. */
  readonly #keptModes = new Map<number, boolean>()

  constructor(options: FileMakerOptions) {
    this.#options = options
  }

  begin(path: Buffer, { owner, mode }: FileAttributes): void {
    const { mayReplace } = this.#options
    this.#isOwned = owner === null || this.#isNewOwner(owner)
    const isFinal = this.#isOwned && !mayReplace && (mode & specialBits) === 0
    // Nobody else may read what is to belong to somebody else.
    const file = new NewFile(path, { mayReplace, mode: isFinal ? mode : 0o600 })
    this.#file = file
    this.#hasMode = isFinal && this.#keepsMode(file, mode)
    if (!mayReplace && owner) this.#newOwner ??= file.stat()
  }

  write(chunk: Uint8Array): void {
    this.#file?.write(chunk)
  }

  /** It is whole. */
  end({ owner, mode, mtimeMs }: FileAttributes): void {
    const file = this.#file
    if (!file) return
    if (owner && !this.#isOwned && !this.#isNewOwner(owner)) {
      this.#try('owner', () => file.setOwner(owner.uid, owner.gid))
    }
    if (!this.#hasMode) this.#try('mode', () => file.setMode(mode))
    this.#try('time', () => file.setTime(mtimeMs))
    file.finish()
    this.#file = null
  }

  /** It will never be whole, if there is one: nothing of it stays. Never throws. */
  abandon(): void {
    this.#file?.abandon()
    this.#file = null
  }

  #isNewOwner({ uid, gid }: Owner): boolean {
    return this.#newOwner?.uid === uid && this.#newOwner.gid === gid
  }

  #keepsMode(file: NewFile, mode: number): boolean {
    const known = this.#keptModes.get(mode)
    if (known !== undefined) return known
    const isKept = (file.stat().mode & 0o7777) === mode
    this.#keptModes.set(mode, isKept)
    return isKept
  }

  #try(what: NotSet, set: () => void): void {
    try {
      set()
    } catch {
      // Counted, and said in the summary: a restore must not end because an owner cannot be set.
      this.#options.onNotSet(what)
    }
  }
}
