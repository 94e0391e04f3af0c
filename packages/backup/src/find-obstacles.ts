import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { IndexEntry } from '@backstream/archive'
import { givesWay, type Overwrite } from './overwrite.ts'

export interface ObstacleRequest {
  readonly to: string
  readonly entries: AsyncIterable<IndexEntry> | Iterable<IndexEntry>
  readonly overwrite: Overwrite
  /** A folder that is left out of their names. */
  readonly strip?: string
}

/**
 * What stands in a directory where entries are to go, and would end a restore half way: a directory
 * in the place of a file, or a link or a file where a directory is to be. Looked for before anything is
 * written. Names of the first hundred.
 */
export async function findObstacles({
  to,
  entries,
  overwrite,
  strip = '',
}: ObstacleRequest): Promise<readonly string[]> {
  const found = new Set<string>()
  for await (const entry of entries) {
    if (found.size >= mostNames) break
    const path = strip === '' ? entry.path : entry.path.slice(strip.length + 1)
    if (path === '' || path === '.') continue
    const there = lookAt(join(to, path))
    if (there === 'no-way') found.add(blockedWay(to, path) ?? entry.path)
    else if (there && isObstacle(there, entry, overwrite)) found.add(entry.path)
  }
  // Entries that may not replace anything go round whatever is there.
  return overwrite === 'never' ? [] : [...found]
}

const mostNames = 100

function isObstacle(there: Stats, entry: IndexEntry, overwrite: Overwrite): boolean {
  if (there.isDirectory()) return entry.type !== 'directory' && givesWay(there, entry, overwrite)
  if (entry.type !== 'directory') return false
  return there.isSymbolicLink() || !givesWay(there, entry, overwrite)
}

function lookAt(path: string): Stats | undefined | 'no-way' {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'no-way'
    throw error
  }
}

/** The first name on the way that is no directory. */
function blockedWay(to: string, path: string): string | undefined {
  const parts = path.split('/')
  const ways = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  return ways.find((way) => lookAt(join(to, way)) !== undefined && !isDirectory(join(to, way)))
}

function isDirectory(path: string): boolean {
  const there = lookAt(path)
  return there !== undefined && there !== 'no-way' && there.isDirectory()
}
