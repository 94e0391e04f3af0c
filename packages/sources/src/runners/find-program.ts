import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'

export interface FindProgramOptions {
  /** The PATH to search where the name has no slash. */
  readonly searchPath: string
  readonly cwd: string | null
}

/** Where the program that `spawn` would run lies, or null when it would find none. */
export async function findProgram(
  name: string,
  { searchPath, cwd }: FindProgramOptions,
): Promise<string | null> {
  const base = cwd ?? '.'
  if (name.includes('/')) {
    const path = resolve(base, name)
    return (await isProgram(path)) ? path : null
  }
  for (const directory of searchPath.split(delimiter)) {
    const path = resolve(base, directory, name)
    if (await isProgram(path)) return path
  }
  return null
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    // Missing or forbidden: for the caller the same.
    return false
  }
}
