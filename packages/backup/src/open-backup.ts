import {
  entriesBelow,
  type FrameDamage,
  findDamage,
  type IndexEntry,
  type IndexObject,
  openIndex,
  readEntries,
  type TarEntry,
} from '@backstream/archive'
import type { Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { readArchiveRange } from './read-archive.ts'

/** A backup to look into without fetching all of it. */
export interface OpenedBackup {
  readonly manifest: Manifest
  /** What lies at and below a path of the archive, in its order; '' is everything. */
  entriesBelow(path: string): AsyncIterable<IndexEntry>
  /** Entries of the index, in its order, with their content; a stream comes as its members. */
  read(wanted: readonly IndexEntry[]): AsyncIterable<TarEntry>
  /** For a damaged archive: which frames cannot be read, and what lies in them. Reads all of it. */
  findDamage(): Promise<readonly FrameDamage[]>
  /** Bytes of archive and index that were fetched so far. */
  fetchedBytes(): number
}

/** Costs the index's footer; each question then the parts of index and archive it is about. */
export async function openBackup(
  storage: Storage,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<OpenedBackup> {
  if (manifest.encryption) {
    throw new BackupError('encrypted', `${manifest.plan}/${manifest.backup} is encrypted`, {
      permanent: true,
      remedy: 'RESTORE.md beside the archive tells how to open it by hand.',
    })
  }
  let fetched = 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      fetched += chunk.byteLength
      yield chunk
    }
  }
  const object: IndexObject = {
    bytes: manifest.index.bytes,
    footer: manifest.index.footer,
    async read(start, end) {
      const range = { start, end }
      const { body } = await storage.get(manifest.index.key, { range, signal })
      const chunks: Uint8Array[] = []
      for await (const chunk of counted(body)) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
  }
  const index = await openIndex(object)
  const archive = {
    read: (start: number, end: number) =>
      counted(readArchiveRange(storage, manifest, { start, end, signal })),
  }
  return {
    manifest,
    entriesBelow: (path) => entriesBelow(index, path),
    read: (wanted) => readEntries(archive, { footer: index.footer, wanted, signal }),
    findDamage: () => findDamage(archive, index, signal),
    fetchedBytes: () => fetched,
  }
}
