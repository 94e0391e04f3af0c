import { StorageError } from './errors.ts'

const longestKeyBytes = 1024

/**
 * Rejects, with `invalid-request`, what some store or some client would read as another key: a
 * leading slash, `.` or `..` between slashes, a NUL, more than 1024 bytes, nothing at all.
 */
export function assertObjectKey(key: string): void {
  const problem = findProblem(key)
  if (problem) throw refuse(`object key ${JSON.stringify(key)} ${problem}`)
}

/** A prefix to list by; the empty one is everything. */
export function assertListPrefix(prefix: string): void {
  if (prefix.startsWith('/')) throw refuse(`prefix ${JSON.stringify(prefix)} begins with a slash`)
}

function findProblem(key: string): string | undefined {
  if (key === '') return 'is empty'
  if (key.startsWith('/')) return 'begins with a slash'
  if (key.includes('\0')) return 'holds a NUL'
  if (!key.isWellFormed()) return 'is not well-formed Unicode'
  if (Buffer.byteLength(key) > longestKeyBytes) return `is longer than ${longestKeyBytes} bytes`
  if (key.split('/').some((segment) => segment === '.' || segment === '..')) {
    return 'has a "." or ".." segment'
  }
  return undefined
}

function refuse(message: string): StorageError {
  return new StorageError('invalid-request', message)
}

/** Byte order of the keys as UTF-8, which is what stores list in. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
