import type { IndexEntry } from '@backstream/archive'
import type { Storage } from '@backstream/storage'
import type { ReadingOptions } from './decrypt-archive.ts'
import { entryAfter, extractPastDamage } from './extract-past-damage.ts'
import type { TreeExtractor } from './extract-tree.ts'
import type { Manifest } from './manifest.ts'
import { openBackup } from './open-backup.ts'

export interface GoOnRequest extends ReadingOptions {
  readonly manifest: Manifest
  readonly extractor: TreeExtractor
  /** Members of the archive that are extracted, from its first on. */
  readonly done: number
}

/** Entries looked up in the index at a time: what is in memory stays bounded. */
const atATime = 5_000

/**
 * Extracts what follows behind the damage that ended the reading of a whole archive. Rejects where the
 * index cannot be read, or something else goes wrong.
 */
export async function goOnPastDamage(
  storage: Storage,
  { extractor, done, ...request }: GoOnRequest,
): Promise<void> {
  const backup = await openBackup(storage, request.manifest, request)
  const { damaged } = extractor.report
  const past = {
    extract: extractor.extract.bind(extractor),
    abandon: () => extractor.abandon(),
    damaged,
  }
  let left = done
  for await (const entries of inBatches(backup.entriesBelow(''))) {
    const { position, membersDone } = entryAfter(entries, left)
    left = position === entries.length ? left - membersOf(entries) : 0
    if (membersDone > 0) {
      // The file that its first members made goes, and is made anew from its first member on.
      extractor.abandon()
      extractor.report.entries -= membersDone
    }
    await extractPastDamage(backup, entries.slice(position), past)
  }
}

async function* inBatches(entries: AsyncIterable<IndexEntry>): AsyncGenerator<IndexEntry[]> {
  let batch: IndexEntry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < atATime) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function membersOf(entries: readonly IndexEntry[]): number {
  return entries.reduce((sum, { members = 1 }) => sum + members, 0)
}
