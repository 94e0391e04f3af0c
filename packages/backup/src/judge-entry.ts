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
import { type ByteString, decodeByteString } from '@backstream/archive/tar'
import { BackupError } from './errors.ts'

/** Paths below the root as byte strings: names with one slash between them, none of them `.` or `..`. */
export interface EntryPlace {
  /** '' for the root itself. */
  readonly path: ByteString
  /** Of a hard link: what it links to. */
  readonly target: ByteString | null
}

export interface EntryRules {
  /** No entry holds more: bytes of the whole plain tar. */
  readonly maxBytes?: number | undefined
  /** On a file system that takes `a` and `A` for one name: all names so far. */
  readonly names?: FoldedNames | undefined
}

/** Where the entry lies, or a refusal (`unsafe-entry`) that names it. */
export function judgeEntry(header: TarHeader, { maxBytes, names }: EntryRules = {}): EntryPlace {
  const path = pathOf(header.rawPath, header)
  if (!writable.has(header.type)) throw refused(header, `it is a ${header.type}`)
  if (path === '' && header.type !== 'directory') {
    throw refused(header, 'only a directory may have that name')
  }
  if (maxBytes !== undefined && header.size > maxBytes) {
    throw refused(header, `it is to hold ${header.size} bytes, and the whole archive ${maxBytes}`)
  }
  if (header.type === 'symlink') judgeSymlink(header)
  names?.add(path, header)
  return { path, target: header.type === 'link' ? pathOf(header.rawLinkTarget, header) : null }
}

const writable = new Set<TarHeader['type']>(['file', 'directory', 'symlink', 'link'])

/** Its target may be anything, `..` too: it is content, and nothing is ever written through it. */
function judgeSymlink(header: TarHeader): void {
  if (header.rawLinkTarget.length === 0) throw refused(header, 'it links to nothing')
  if (header.rawLinkTarget.includes(0)) throw refused(header, 'its target holds a zero byte')
}

/** PATH_MAX of Linux, and more than others take. */
const maxPathBytes = 4096

/** An entry's way without what does not lead on, or a refusal: absolute, upwards, or no name at all. */
function pathOf(raw: Buffer, header: TarHeader): ByteString {
  const path = raw.toString('latin1')
  if (path.includes('\0')) throw refused(header, 'its name holds a zero byte')
  if (path.startsWith('/')) throw refused(header, 'its name is absolute')
  if (path.length > maxPathBytes) throw refused(header, 'its name is longer than systems take')
  if (!hasOddPart.test(path)) return path
  const parts = path.split('/')
  if (parts.includes('..')) throw refused(header, 'its name leads upwards')
  return parts.filter((part) => part !== '' && part !== '.').join('/')
}

/** One that is empty, `.` or `..`. */
const hasOddPart = /(?:^|\/)\.{0,2}(?:\/|$)/

/** Names as a file system keeps them that does not tell capitals, nor composed letters, apart. */
export class FoldedNames {
  /** By how it is taken: how it was spelt first. */
  readonly spelling: Map<string, string>

  constructor(spelling: ReadonlyMap<string, string> | null = null) {
    this.spelling = new Map(spelling)
  }

  /** Refuses a name, of the entry or of a folder on its way, that was spelt otherwise before. */
  add(way: ByteString, header: TarHeader): void {
    let path = ''
    for (const part of way === '' ? [] : way.split('/')) {
      path += `${path && '/'}${decodeByteString(part)}`
      const folded = path.normalize('NFC').toLowerCase()
      const known = this.spelling.get(folded)
      if (known === undefined) this.spelling.set(folded, path)
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
