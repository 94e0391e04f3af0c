/**
 * One file on its way to disk. It is always created anew, never opened through what is there.
 *
 * In an empty place it is made under its own name, and removed again when it does not become whole.
 * Where it may take the place of another it is made beside that, under a name of its own, and moved
 * over it once it is whole: until then the other one stays.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'

const creation = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export interface NewFileOptions {
  /** Of what is there, a plain file or a link gives way. */
  readonly mayReplace: boolean
  /** To begin with; the system may leave less of it. */
  readonly mode: number
}

export class NewFile {
  readonly #path: Buffer
  readonly #madeAs: Buffer
  #descriptor: number

  constructor(path: Buffer, { mayReplace, mode }: NewFileOptions) {
    this.#path = path
    this.#madeAs = mayReplace ? nameBeside(path) : path
    this.#descriptor = openSync(this.#madeAs, creation, mode)
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) at += writeSync(this.#descriptor, chunk, at)
  }

  stat(): Stats {
    return fstatSync(this.#descriptor)
  }

  setOwner(uid: number, gid: number): void {
    fchownSync(this.#descriptor, uid, gid)
  }

  setMode(mode: number): void {
    fchmodSync(this.#descriptor, mode)
  }

  setTime(mtimeMs: number): void {
    const time = timeOf(mtimeMs)
    futimesSync(this.#descriptor, time, time)
  }

  /** It is whole: it has its name from now on. */
  finish(): void {
    this.#close()
    if (this.#madeAs !== this.#path) renameSync(this.#madeAs, this.#path)
  }

  /** It will never be whole. Never throws: there is a cause to tell already. */
  abandon(): void {
    try {
      this.#close()
    } catch {
      // What was written is removed anyway.
    }
    try {
      unlinkSync(this.#madeAs)
    } catch {
      // Gone already.
    }
  }

  /** Once: by now another thread may have been given the same number. */
  #close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = closed
    if (descriptor !== closed) closeSync(descriptor)
  }
}

const closed = -1

/**
 * Node takes a negative number of seconds for "now", but not a date before 1970, which is of whole
 * milliseconds: to the nearest, since file systems keep a time some nanoseconds beside it.
 */
export function timeOf(mtimeMs: number): number | Date {
  return mtimeMs < 0 ? new Date(Math.round(mtimeMs)) : mtimeMs / 1000
}

/** In the same folder, so that moving it is one step; made anew by whoever uses it. */
export function nameBeside(path: Buffer): Buffer {
  const slash = path.lastIndexOf(0x2f)
  const own = Buffer.from(`.backstream-${randomBytes(6).toString('hex')}`)
  return Buffer.concat([path.subarray(0, slash + 1), own])
}
