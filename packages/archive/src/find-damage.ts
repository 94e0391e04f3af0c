import { ArchiveError } from './archive-error.ts'
import { FrameTable } from './frame-table.ts'
import type { IndexEntry } from './index-format.ts'
import type { ArchiveIndex } from './open-index.ts'
import { type ArchiveObject, lengthBound } from './read-entries.ts'
import { unpackFrames } from './unpack-frames.ts'

/** One frame that cannot be read, and what lies in it. */
export interface FrameDamage {
  readonly frame: number
  /** Where the frame begins in the archive as it is stored before encryption. */
  readonly offset: number
  readonly message: string
  /** Entries that lie in it, wholly or in part; the first few by name. */
  readonly entries: number
  readonly paths: readonly string[]
}

const pathsNamed = 20

/**
 * Opens each frame alone and tells which cannot be read: for an archive that is known to be damaged.
 * Reads all of it. An archive that is not compressed has no checksums by frame, so none is found.
 */
export async function findDamage(
  archive: ArchiveObject,
  index: ArchiveIndex,
  signal: AbortSignal,
): Promise<FrameDamage[]> {
  const table = new FrameTable(index.footer)
  const probe = createFrameProbe(archive, index, signal)
  const broken = new Map<number, string>()
  for (let frame = 0; frame < table.length; frame++) {
    const message = await probe(frame)
    if (message !== null) broken.set(frame, message)
  }
  const lying = await entriesIn(index, table, new Set(broken.keys()))
  return [...broken].map(([frame, message]) => {
    const { offset } = table.place(frame)
    const { entries, paths } = lying.get(frame) ?? { entries: 0, paths: [] }
    return { frame, offset, message, entries, paths }
  })
}

/** Opens one frame alone: why it cannot be read, null when it can. */
export type FrameProbe = (frame: number) => Promise<string | null>

export function createFrameProbe(
  archive: ArchiveObject,
  { footer }: Pick<ArchiveIndex, 'footer'>,
  signal: AbortSignal,
): FrameProbe {
  const table = new FrameTable(footer)
  const { algorithm } = footer
  return async (frame) => {
    signal.throwIfAborted()
    const { offset, bytes, plainBytes } = table.place(frame)
    let found = 0
    try {
      const stored = archive.read(offset, offset + bytes)
      for await (const chunk of unpackFrames(stored, { algorithm, signal }))
        found += chunk.byteLength
      return found === plainBytes ? null : `it holds ${found} bytes instead of ${plainBytes}`
    } catch (error) {
      if (error instanceof ArchiveError) return error.message
      throw error
    }
  }
}

async function entriesIn(
  index: ArchiveIndex,
  table: FrameTable,
  frames: ReadonlySet<number>,
): Promise<Map<number, { entries: number; paths: string[] }>> {
  const lying = new Map<number, { entries: number; paths: string[] }>()
  if (frames.size === 0) return lying
  for await (const [entry, next] of pairs(index.entries())) {
    const last = lastFrame(table, entry, next)
    for (let frame = entry.frame; frame <= last; frame++) {
      if (!frames.has(frame)) continue
      const { entries, paths } = lying.get(frame) ?? { entries: 0, paths: [] }
      if (paths.length < pathsNamed) paths.push(entry.path)
      lying.set(frame, { entries: entries + 1, paths })
    }
  }
  return lying
}

/** An entry ends where the next one begins; of the last one it is known how long it is at most. */
function lastFrame(table: FrameTable, entry: IndexEntry, next: IndexEntry | undefined): number {
  if (!next) return table.frameAhead(entry, lengthBound(entry))
  return next.offset > 0 ? next.frame : next.frame - 1
}

async function* pairs<T>(items: AsyncIterable<T>): AsyncGenerator<[T, T | undefined]> {
  let previous: T | undefined
  for await (const item of items) {
    if (previous !== undefined) yield [previous, item]
    previous = item
  }
  if (previous !== undefined) yield [previous, undefined]
}
