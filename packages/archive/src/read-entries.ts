import { ArchiveError } from './archive-error.ts'
import { FrameTable } from './frame-table.ts'
import type { IndexEntry, IndexFooter } from './index-format.ts'
import { readTar, type TarEntry } from './read-tar.ts'
import { unpackFrames } from './unpack-frames.ts'

/** An archive, wherever it is: its stored bytes by range, all volumes joined, decrypted. */
export interface ArchiveObject {
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

export interface ReadEntriesOptions {
  readonly footer: IndexFooter
  /** Entries of the archive's index, in its order. */
  readonly wanted: readonly IndexEntry[]
  readonly signal: AbortSignal
}

/** Header blocks of one member, with long names and pax records; content comes on top. */
const headerBoundBytes = 32 << 10

/**
 * The wanted entries, in order, from the frames that hold them and no others. A stream comes as its
 * members. Each frame's checksum and size hold, or it is an `ArchiveError`.
 */
export async function* readEntries(
  archive: ArchiveObject,
  { footer, wanted, signal }: ReadEntriesOptions,
): AsyncGenerator<TarEntry, void, undefined> {
  const table = new FrameTable(footer)
  for (const run of runsOf(table, wanted)) {
    const plain = plainOf(archive, { footer, table, run, signal })
    yield* pick(readTar(plain, { signal }), run.entries)
  }
}

/** Neighbours in the archive: read in one go, what lies between them is skipped. */
interface Run {
  readonly entries: IndexEntry[]
  lastFrame: number
}

function runsOf(table: FrameTable, wanted: readonly IndexEntry[]): Run[] {
  const runs: Run[] = []
  for (const entry of wanted) {
    if (entry.frame >= table.length) throw misplaced(entry)
    const lastFrame = table.frameAhead(entry, lengthBound(entry))
    const run = runs.at(-1)
    if (run && entry.frame <= run.lastFrame) {
      run.entries.push(entry)
      run.lastFrame = Math.max(run.lastFrame, lastFrame)
    } else {
      runs.push({ entries: [entry], lastFrame })
    }
  }
  return runs
}

/** How many plain bytes an entry takes at most, headers and padding included. */
export function lengthBound({ type, size, members = 1 }: IndexEntry): number {
  const content = type === 'file' || type === 'stream' ? size : 0
  return content + members * headerBoundBytes
}

interface PlainRequest extends Omit<ReadEntriesOptions, 'wanted'> {
  readonly table: FrameTable
  readonly run: Run
}

/** Plain bytes from the first entry's header to the end of the run's last frame. */
async function* plainOf(
  archive: ArchiveObject,
  { footer, table, run, signal }: PlainRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [first] = run.entries
  if (!first) return
  const begin = table.place(first.frame)
  const end = table.place(run.lastFrame)
  const stored = archive.read(begin.offset, end.offset + end.bytes)
  let skip = first.offset
  let bytes = 0
  for await (const chunk of unpackFrames(stored, { algorithm: footer.algorithm, signal })) {
    bytes += chunk.byteLength
    if (skip < chunk.byteLength) yield skip === 0 ? chunk : chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.byteLength)
  }
  if (bytes === end.plainOffset + end.plainBytes - begin.plainOffset) return
  throw new ArchiveError('corrupt', 'frames of the archive are not as long as its index says')
}

async function* pick(
  tar: AsyncGenerator<TarEntry, void, undefined>,
  wanted: readonly IndexEntry[],
): AsyncGenerator<TarEntry, void, undefined> {
  try {
    for (const entry of wanted) {
      const raw = entry.rawPath ?? Buffer.from(entry.path)
      for (let left = entry.members ?? 1; left > 0; ) {
        const found = await tar.next()
        if (found.done) throw misplaced(entry)
        if (!found.value.header.rawPath.equals(raw)) continue
        left--
        yield found.value
      }
    }
  } finally {
    // The tar goes on behind the last wanted entry: what it would say of its end is no matter.
    await tar.return()
  }
}

function misplaced(entry: IndexEntry): ArchiveError {
  return new ArchiveError('corrupt', `${entry.path} is not where the index says it is`)
}
