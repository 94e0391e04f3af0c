import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

const atOnce = 64

/**
 * The JSON files at `paths`, in their order.
 *
 * Read synchronously in small batches: several times faster than promises for many small files.
 */
export async function readAll<T>(paths: readonly string[]): Promise<T[]> {
  const found: T[] = []
  for (const [at, path] of paths.entries()) {
    if (at % atOnce === 0) await setImmediate()
    found.push(JSON.parse(readFileSync(path, 'utf8')) as T)
  }
  return found
}
