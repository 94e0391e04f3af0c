import { comparePaths, isAtOrBelow } from './compare-paths.ts'
import type { IndexEntry, IndexFrame } from './index-format.ts'
import type { ArchiveIndex } from './open-index.ts'

/**
 * The entries at and below `path`, in the archive's order; '' is everything. Reads the index frames
 * that can hold any, and no others.
 */
export async function* entriesBelow(
  index: ArchiveIndex,
  path: string,
): AsyncGenerator<IndexEntry, void, undefined> {
  for (const frame of index.footer.index.filter((each, at, all) =>
    mayHold(each, all[at + 1], path),
  ))
    for (const entry of await index.entriesIn(frame)) if (isAtOrBelow(entry.path, path)) yield entry
}

/** A frame holds the paths from its first up to that of the next frame of its part. */
function mayHold(frame: IndexFrame, next: IndexFrame | undefined, path: string): boolean {
  const following = next?.part === frame.part ? next : undefined
  // What is not UTF-8 stands there with replacement characters, whose order says nothing.
  if (isLossy(frame.first) || (following && isLossy(following.first))) return true
  if (following && comparePaths(following.first, path) <= 0) return false
  return isAtOrBelow(frame.first, path) || comparePaths(frame.first, path) < 0
}

function isLossy(text: string): boolean {
  return text.includes('\ufffd')
}
