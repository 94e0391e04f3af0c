/** Errors on their way between threads: a clone keeps neither their class nor what was added to them. */
import { ArchiveError, type ArchiveErrorCode } from '@backstream/archive/reading'
import { BackupError, type BackupErrorCode } from './errors.ts'

export interface PortableError {
  readonly kind: 'archive' | 'backup' | 'other'
  readonly message: string
  readonly code?: string | undefined
  /** Of a system error. */
  readonly syscall?: string | undefined
  readonly remedy?: string | undefined
  readonly permanent?: boolean | undefined
  readonly cause?: PortableError | undefined
}

export function packError(error: unknown): PortableError {
  if (!(error instanceof Error)) return { kind: 'other', message: String(error) }
  const { code, syscall } = error as NodeJS.ErrnoException
  const { message, cause } = error
  const packed = {
    message,
    code,
    syscall,
    ...(cause instanceof Error && { cause: packError(cause) }),
  }
  if (!(error instanceof ArchiveError || error instanceof BackupError)) {
    return { kind: 'other', ...packed }
  }
  const { remedy, permanent } = error
  return {
    kind: error instanceof ArchiveError ? 'archive' : 'backup',
    ...packed,
    remedy,
    permanent,
  }
}

/** What was packed by this project's code, in this version of it. */
export function unpackError({ kind, message, code, syscall, ...rest }: PortableError): Error {
  const { remedy, permanent = false } = rest
  const cause = rest.cause && unpackError(rest.cause)
  const options = { permanent, ...(cause && { cause }), ...(remedy !== undefined && { remedy }) }
  switch (kind) {
    case 'archive':
      return new ArchiveError(code as ArchiveErrorCode, message, options)
    case 'backup':
      return new BackupError(code as BackupErrorCode, message, options)
    case 'other':
      return Object.assign(new Error(message, options), {
        ...(code !== undefined && { code }),
        ...(syscall !== undefined && { syscall }),
      })
  }
}
