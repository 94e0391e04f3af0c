import { mkdir } from 'node:fs/promises'

/** Makes a directory in one that must exist: a bucket that was deleted meanwhile stays deleted. */
export async function makeShard(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
