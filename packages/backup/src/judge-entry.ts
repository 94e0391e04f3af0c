/**
 * Whether an entry of an archive may be written, and where: decided by its header alone, before
 * anything is touched. What only the place it goes to can tell (is a folder on its way a link?) is
 * asked by `TreeExtractor`.
 *
 * An archive is not trusted, however it was made: a name that is absolute or leads upwards, a device,
 * a link whose target cannot be, a size beyond the archive's own are refused, and so are two names
 * that the file system would take for one.
 */
import type { TarHeader } from '@backstream/archive'
import { BackupError } from './errors.ts'

export interface EntryPlace {
  /** The names on its way below the root; none for the root itself. */
  readonly parts: readonly Buffer[]
  /** Of a hard link: the names on the way to what it links to. */
  readonly target: readonly Buffer[] | null
}

export interface EntryRules {
  /** No entry holds more: bytes of the whole plain tar. */
  readonly maxBytes?: number | undefined
  /** On a file system that takes `a` and `A` for one name: all names so far. */
  readonly names?: FoldedNames | undefined
}

/** Where the entry lies, or a refusal (`unsafe-entry`) that names it. */
export function judgeEntry(header: TarHeader, { maxBytes, names }: EntryRules = {}): EntryPlace {
  const parts = partsOf(header.rawPath, header)
  if (!writable.has(header.type)) throw refused(header, `it is a ${header.type}`)
  if (parts.length === 0 && header.type !== 'directory') {
    throw refused(header, 'only a directory may have that name')
  }
  if (maxBytes !== undefined && header.size > maxBytes) {
    throw refused(header, `it is to hold ${header.size} bytes, and the whole archive ${maxBytes}`)
  }
  if (header.type === 'symlink') judgeSymlink(header)
  names?.add(parts, header)
  return { parts, target: header.type === 'link' ? partsOf(header.rawLinkTarget, header) : null }
}

const writable = new Set<TarHeader['type']>(['file', 'directory', 'symlink', 'link'])

/** Its target may be anything, `..` too: it is content, and nothing is ever written through it. */
function judgeSymlink(header: TarHeader): void {
  if (header.rawLinkTarget.length === 0) throw refused(header, 'it links to nothing')
  if (header.rawLinkTarget.includes(0)) throw refused(header, 'its target holds a zero byte')
}

/** PATH_MAX of Linux, and more than others take. */
const maxPathBytes = 4096

/** The names on an entry's way, or a refusal: absolute, leading upwards, or no name at all. */
function partsOf(path: Buffer, header: TarHeader): Buffer[] {
  if (path.includes(0)) throw refused(header, 'its name holds a zero byte')
  if (path[0] === 0x2f) throw refused(header, 'its name is absolute')
  if (path.length > maxPathBytes) throw refused(header, 'its name is longer than systems take')
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

/** Names as a file system keeps them that does not tell capitals, nor composed letters, apart. */
export class FoldedNames {
  readonly #spelling = new Map<string, string>()

  /** Refuses a name, of the entry or of a folder on its way, that was spelt otherwise before. */
  add(parts: readonly Buffer[], header: TarHeader): void {
    let path = ''
    for (const part of parts) {
      path += `${path && '/'}${part.toString()}`
      const folded = path.normalize('NFC').toLowerCase()
      const known = this.#spelling.get(folded)
      if (known === undefined) this.#spelling.set(folded, path)
      else if (known !== path) {
        throw refused(header, `this file system takes its name for that of ${quote(known)}`)
      }
    }
  }
}

export function refused(header: Pick<TarHeader, 'path'>, why: string): BackupError {
  const message = `The archive's entry ${quote(header.path)} is refused: ${why}`
  return new BackupError('unsafe-entry', message, {
    permanent: true,
    remedy: 'The archive was not made by Backstream as it is now, or was tampered with.',
  })
}

/** A name for a message: whatever is in it, and not all of a very long one. */
export function quote(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
}
