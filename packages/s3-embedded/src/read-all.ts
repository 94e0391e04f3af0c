import { readJson } from './json-file.ts'

const atOnce = 64

/** The JSON files at `paths`, in their order. */
export async function readAll<T>(paths: readonly string[]): Promise<T[]> {
  const found: T[] = []
  for (let at = 0; at < paths.length; at += atOnce) {
    found.push(
      ...(await Promise.all(paths.slice(at, at + atOnce).map((path) => readJson<T>(path)))),
    )
  }
  return found
}
