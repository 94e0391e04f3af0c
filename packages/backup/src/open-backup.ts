import {
  ArchiveError,
  type ArchiveIndex,
  type ArchiveObject,
  createFrameProbe,
  entriesBelow,
  type FrameDamage,
  type FrameProbe,
  findDamage,
  type IndexEntry,
  openIndex,
  readEntries,
  rebuildIndex,
  type TarEntry,
} from '@backstream/archive'
import { describeError } from '@backstream/kernel'
import type { Storage } from '@backstream/storage'
import { isDamage } from './damage.ts'
import { decryptObject, type RangedBytes, type ReadingOptions } from './decrypt-archive.ts'
import { BackupError } from './errors.ts'
import type { Manifest } from './manifest.ts'
import { readArchiveRange, readVolume } from './read-archive.ts'

/** A backup to look into without fetching all of it. */
export interface OpenedBackup {
  readonly manifest: Manifest
  /** Where its sources lie in the archive: '' for a single one. An encrypted manifest does not tell. */
  readonly sources: readonly string[]
  /** What lies at and below a path of the archive, in its order; '' is everything. */
  entriesBelow(path: string): AsyncIterable<IndexEntry>
  /** Entries of the index, in its order, with their content; a stream comes as its members. */
  read(wanted: readonly IndexEntry[]): AsyncIterable<TarEntry>
  /** For a damaged archive: which frames cannot be read, and what lies in them. Reads all of it. */
  findDamage(): Promise<readonly FrameDamage[]>
  /** Why one frame of the archive cannot be read; null when it can. */
  readonly probeFrame: FrameProbe
  /** Bytes of archive and index that were fetched so far. */
  fetchedBytes(): number
}

export interface OpenOptions extends ReadingOptions {
  /**
   * Told when the index is missing or damaged, with the reason and the bytes of archive that are read, all of
   * it, to make it anew. Without it that is an error.
   */
  readonly onIndexLost?: ((loss: IndexLoss) => void) | undefined
}

export interface IndexLoss {
  /** The archive's stored bytes. */
  readonly bytes: number
  readonly reason: string
}

/**
 * Costs the index's footer; each question then the parts of index and archive it is about. Rejects where the
 * index is lost, unless `onIndexLost` is there to be told.
 */
export async function openBackup(
  storage: Storage,
  manifest: Manifest,
  options: OpenOptions,
): Promise<OpenedBackup> {
  const { signal } = options
  let fetched = 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      fetched += chunk.byteLength
      yield chunk
    }
  }
  const storedIndex: RangedBytes = {
    bytes: manifest.index.bytes,
    read: (start, end) => counted(readVolume(storage, manifest.index, { start, end, signal })),
  }
  const storedArchive: RangedBytes = {
    bytes: manifest.archives.reduce((sum, { bytes }) => sum + bytes, 0),
    read: (start, end) => counted(readArchiveRange(storage, manifest, { start, end, signal })),
  }
  let opened: Promise<RangedBytes> | undefined
  const openArchive = () => {
    opened ??= decryptObject(manifest, storedArchive, options)
    return opened
  }
  const archive: ArchiveObject = {
    async *read(start, end) {
      try {
        yield* (await openArchive()).read(start, end)
      } catch (error) {
        throw isDamage(error) ? asCorrupt(error) : error
      }
    },
  }
  const index = await openStoredIndex(manifest, storedIndex, options).catch(async (error) => {
    if (!options.onIndexLost || !isDamage(error)) throw error
    if (manifest.compression.algorithm !== 'zstd') throw withoutIndex(manifest, error)
    options.onIndexLost({ bytes: storedArchive.bytes, reason: describeError(error) })
    const { bytes } = await openArchive()
    return await rebuildIndex({ ...archive, bytes }, { labels: labelsOf(manifest), signal })
  })
  return {
    manifest,
    sources: index.footer.parts.map(({ label }) => label),
    entriesBelow: (path) => entriesBelow(index, path),
    read: (wanted) => readEntries(archive, { footer: index.footer, wanted, signal }),
    findDamage: () => findDamage(archive, index, signal),
    probeFrame: createFrameProbe(archive, index, signal),
    fetchedBytes: () => fetched,
  }
}

async function openStoredIndex(
  manifest: Manifest,
  stored: RangedBytes,
  options: ReadingOptions,
): Promise<ArchiveIndex> {
  const plain = await decryptObject(manifest, stored, options)
  return await openIndex({
    bytes: plain.bytes,
    footer: manifest.index.footer,
    read: (start, end) => collect(plain.read(start, end)),
  })
}

/** Those of an encrypted backup are known to its index alone. */
function labelsOf({ encryption, sources }: Manifest): string[] {
  return encryption ? [] : sources.map(({ at }) => at)
}

/** Where frames lie in gzip and in a plain tar nobody but the index tells. */
function withoutIndex({ plan, backup }: Manifest, cause: unknown): BackupError {
  return new BackupError(
    'not-verified',
    `The index of ${plan}/${backup} is lost: ${describeError(cause)}`,
    {
      cause,
      permanent: true,
      remedy: 'The archive needs none: restore all of it, and take from there what you look for.',
    },
  )
}

/** Of a volume that is gone or is another, what lies in it is as damaged as by a flipped bit. */
function asCorrupt(error: unknown): ArchiveError {
  if (error instanceof ArchiveError) return error
  return new ArchiveError('corrupt', describeError(error), { cause: error })
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return Buffer.concat(collected)
}
