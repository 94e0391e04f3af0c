/**
 * The index made anew from the archive itself, for when the stored one is lost: where frames lie is told
 * by the archive's seek table, what lies in them by the tar's own headers. Reads all of the archive, and
 * holds every entry in memory.
 */
import { buffer } from 'node:stream/consumers'
import { ArchiveError } from './archive-error.ts'
import { FrameTable } from './frame-table.ts'
import { type IndexEntry, indexFormat, type Placement } from './index-format.ts'
import type { ArchiveIndex } from './open-index.ts'
import type { ArchiveObject } from './read-entries.ts'
import { readTar } from './read-tar.ts'
import { readSeekTable } from './seek-table.ts'
import type { TarHeader } from './tar-header.ts'
import { unpackFrames } from './unpack-frames.ts'

export interface RebuildIndexOptions {
  /** Where the parts lie in the archive, as far as that is known; their sizes are not. */
  readonly labels: readonly string[]
  readonly signal: AbortSignal
}

/** Says nothing of an order, so that no path is taken for one that cannot be in a frame. */
const anywhere = '\ufffd'

/**
 * For an archive of zstd frames. `corrupt` where it has no seek table, as one that is compressed otherwise
 * has none, or is damaged itself.
 */
export async function rebuildIndex(
  archive: ArchiveObject & { readonly bytes: number },
  { labels, signal }: RebuildIndexOptions,
): Promise<ArchiveIndex> {
  const frames = await readSeekTable({
    bytes: archive.bytes,
    read: (start, end) => buffer(archive.read(start, end)),
  })
  const placeOf = placesIn(new FrameTable({ frames }))
  const stored = archive.read(0, archive.bytes)
  const plain = unpackFrames(stored, { algorithm: 'zstd', signal, reusedAfter: 1 })
  const entries: IndexEntry[] = []
  for await (const { header, continues, offset } of readTar(plain, { signal })) {
    const last = entries.at(-1)
    if (continues && last) entries[entries.length - 1] = longer(last, header)
    else entries.push(entryOf(header, placeOf(offset)))
  }
  const one = { offset: 0, bytes: 0, entries: entries.length, part: 0, first: anywhere }
  const unknown = { entries: 0, bytes: 0, firstFrame: 0, lastFrame: -1 }
  return {
    footer: {
      ...{ format: indexFormat, algorithm: 'zstd', frameBytes: 0, frames },
      parts: labels.map((label) => ({ label, ...unknown })),
      index: [one],
      warnings: [],
    },
    entriesIn: async () => entries,
    async *entries() {
      yield* entries
    },
  }
}

/** Asked in the archive's order. */
function placesIn(table: FrameTable): (plainOffset: number) => Placement {
  let frame = 0
  return (plainOffset) => {
    const endOf = (at: number) => table.place(at).plainOffset + table.place(at).plainBytes
    while (frame + 1 < table.length && endOf(frame) <= plainOffset) frame++
    return { frame, offset: plainOffset - table.place(frame).plainOffset }
  }
}

function entryOf(header: TarHeader, place: Placement): IndexEntry {
  const { path, rawPath, type, size, mode, mtimeMs, linkTarget } = header
  if (type !== 'file' && type !== 'directory' && type !== 'symlink' && type !== 'link') {
    throw new ArchiveError('unsupported', `${path} is a ${type}, which no backup holds`)
  }
  return {
    path,
    ...(!rawPath.equals(Buffer.from(path)) && { rawPath: Buffer.from(rawPath) }),
    ...{ type, size, mode, mtimeMs, ...place },
    ...(linkTarget !== '' && { linkTarget }),
  }
}

/** A series of members is a stream; one that has a single member looks like a file. */
function longer(entry: IndexEntry, { size }: TarHeader): IndexEntry {
  const { members = 1 } = entry
  return { ...entry, type: 'stream', size: entry.size + size, members: members + 1 }
}
