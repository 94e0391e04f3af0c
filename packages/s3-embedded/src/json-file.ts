import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomId } from './random-id.ts'

export interface JsonPlace {
  readonly path: string
  /** On the same file system as `path`; what a crash leaves here is removed at the next start. */
  readonly tmpDir: string
}

/** Replaces the file in one step: a reader sees the old content or the new. */
export async function writeJson({ path, tmpDir }: JsonPlace, value: unknown): Promise<void> {
  const tmpPath = join(tmpDir, `${randomId()}.json`)
  await writeFile(tmpPath, JSON.stringify(value))
  await rename(tmpPath, path)
}

export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}
