import { ArchiveError } from '@backstream/archive'
import { isStorageError } from '@backstream/storage'
import { BackupError } from './errors.ts'

/** What contradicts the manifest, rather than only keeping us from looking. */
export function isDamage(error: unknown): boolean {
  if (isStorageError(error, 'not-found')) return true
  if (error instanceof BackupError) return error.code === 'not-verified'
  // The wrong key says nothing about the backup.
  return error instanceof ArchiveError && error.code !== 'identity-wrong'
}
