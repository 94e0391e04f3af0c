import { lstatSync, renameSync, type Stats, unlinkSync } from 'node:fs'
import { nameBeside } from './new-file.ts'

export interface PlaceOptions {
  /** Something may be there, and gives way. */
  readonly mayReplace: boolean
}

/** Makes something under its name, or beside what is there and then over it. */
export function putInPlace(
  path: Buffer,
  { mayReplace }: PlaceOptions,
  make: (name: Buffer) => void,
): void {
  if (!mayReplace) return void make(path)
  const name = nameBeside(path)
  make(name)
  renameSync(name, path)
  // Of two names of one file the move leaves both.
  if (lookAt(name)) unlinkSync(name)
}

/** What is there, without following it; undefined: nothing. */
export function lookAt(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
