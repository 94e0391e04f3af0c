import { lstatSync, mkdirSync, opendirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BackupError } from './errors.ts'
import type { ExtractOptions } from './extract-tree.ts'
import type { Overwrite } from './overwrite.ts'

/**
 * Makes the directory (0700) or takes an empty one. One that is not empty is refused unless it is said
 * what may be overwritten: restoring over something mixes two states.
 */
export function prepareTarget(
  to: string,
  overwrite?: Overwrite,
): Pick<ExtractOptions, 'root' | 'overwrite' | 'foldsNames'> {
  const isEmpty = makeOrOpen(to)
  if (!isEmpty && overwrite === undefined) {
    throw new BackupError('restore-target', `${to} is not empty`, {
      permanent: true,
      remedy: 'Name a new or empty directory, or say --overwrite never, if-newer or always.',
    })
  }
  return {
    root: to,
    overwrite: isEmpty ? undefined : overwrite,
    foldsNames: foldsNames(to),
  }
}

function makeOrOpen(to: string): boolean {
  try {
    mkdirSync(to, { recursive: true, mode: 0o700 })
    const directory = opendirSync(to)
    try {
      return directory.readSync() === null
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
}

/**
 * Whether the file system takes names for one that differ in capitals only, as those of macOS and
 * Windows do: asked of the nearest name on the way that has letters, so that nothing is written.
 */
function foldsNames(directory: string): boolean {
  for (let path = realpathSync(directory); path !== dirname(path); path = dirname(path)) {
    const name = basename(path)
    const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
    if (other === name) continue
    const same = lstatSync(path)
    const found = lstatSync(join(dirname(path), other), { throwIfNoEntry: false })
    return found?.ino === same.ino && found.dev === same.dev
  }
  return false
}
