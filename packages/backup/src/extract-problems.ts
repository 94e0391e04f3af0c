/** What the place of a restore would not have, and how to say so. */
import type { TarHeader } from '@backstream/archive'
import { BackupError } from './errors.ts'
import { quote, refused } from './judge-entry.ts'

export function inTheWay(header: TarHeader, what: string): BackupError {
  const message = `${quote(header.path)} cannot be restored: ${what} is in its place`
  return new BackupError('cannot-write', message, {
    permanent: true,
    remedy: 'Move that away, or restore into another directory.',
  })
}

/** The entry is sound as far as we can see; the file system would not have it. */
export function cannotWrite(header: TarHeader, cause: NodeJS.ErrnoException): BackupError {
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

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code
}
