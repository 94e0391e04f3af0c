import { posix } from 'node:path'
import { type IndexEntry, isAtOrBelow } from '@backstream/archive'
import type { OpenedBackup } from './open-backup.ts'

export interface Selection {
  /** In the archive's order, each once; the folders on their way are among them. */
  readonly entries: readonly IndexEntry[]
  /** Those of the paths that match nothing. */
  readonly unmatched: readonly string[]
}

/**
 * What lies at and below each of the paths, as they stand in the archive. A path with `*`, `?` or `[`
 * is a pattern: whatever matches it, and all below that. `within`: nothing outside of that folder.
 */
export async function selectEntries(
  backup: OpenedBackup,
  paths: readonly string[],
  { within = '' }: { readonly within?: string } = {},
): Promise<Selection> {
  const found = new Map<string, IndexEntry>()
  const unmatched: string[] = []
  for (const path of paths) {
    let isMatched = false
    for await (const entry of matching(backup, normalize(path))) {
      if (!isAtOrBelow(entry.path, within)) continue
      isMatched = true
      found.set(placeOf(entry), entry)
    }
    if (!isMatched) unmatched.push(path)
  }
  for (const folder of foldersAbove([...found.values()])) {
    const entry = await entryAt(backup, folder)
    if (entry) found.set(placeOf(entry), entry)
  }
  return { entries: [...found.values()].sort(byPlace), unmatched }
}

/** The entry of exactly this path. */
export async function entryAt(backup: OpenedBackup, path: string): Promise<IndexEntry | undefined> {
  // A folder stands before what lies in it, so the first is the one, or there is none.
  for await (const entry of backup.entriesBelow(normalize(path)))
    return entry.path === normalize(path) ? entry : undefined
  return undefined
}

/** As paths stand in an archive: `./a/b/`, `/a/b` and `a/b` are the same. */
function normalize(path: string): string {
  return posix.join('/', path).replace(/^\/+|\/+$/g, '')
}

async function* matching(backup: OpenedBackup, path: string): AsyncGenerator<IndexEntry> {
  if (!/[*?[]/.test(path)) return yield* backup.entriesBelow(path)
  let folder: string | null = null
  for await (const entry of backup.entriesBelow(fixedPart(path))) {
    if (folder === null || !isAtOrBelow(entry.path, folder)) {
      folder = posix.matchesGlob(entry.path, path) ? entry.path : null
    }
    if (folder !== null) yield entry
  }
}

/** The folders before the first wildcard: nothing outside of them can match. */
function fixedPart(pattern: string): string {
  const names = pattern.split('/')
  return names
    .slice(
      0,
      names.findIndex((name) => /[*?[]/.test(name)),
    )
    .join('/')
}

function foldersAbove(entries: readonly IndexEntry[]): Set<string> {
  const folders = new Set<string>()
  for (const { path } of entries) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  return folders
}

function placeOf({ frame, offset }: IndexEntry): string {
  return `${frame}:${offset}`
}

function byPlace(a: IndexEntry, b: IndexEntry): number {
  return a.frame - b.frame || a.offset - b.offset
}
