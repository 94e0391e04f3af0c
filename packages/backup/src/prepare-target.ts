import { mkdirSync, opendirSync } from 'node:fs'
import { BackupError } from './errors.ts'

/** Makes the directory (0700) or takes an empty one: restoring over something would mix two states. */
export function prepareTarget(to: string): void {
  try {
    mkdirSync(to, { recursive: true, mode: 0o700 })
    const directory = opendirSync(to)
    try {
      if (directory.readSync() === null) return
    } finally {
      directory.closeSync()
    }
  } catch (cause) {
    throw new BackupError('cannot-write', `${to} cannot be restored into`, {
      cause,
      permanent: true,
      remedy: 'Name a directory that can be made or written to.',
    })
  }
  throw new BackupError('restore-target', `${to} is not empty`, {
    permanent: true,
    remedy: 'Name a new or empty directory.',
  })
}
