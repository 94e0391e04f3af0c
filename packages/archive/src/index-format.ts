/**
 * The index object: what lies where in an archive.
 *
 * Independent zstd frames of about 1 MiB plain text, each a run of entries, one JSON object a line;
 * then one more frame, the footer, whose place the manifest records. One entry costs the footer, the
 * index frame it is in, and the archive frames that hold it.
 *
 * Entries stand in the archive's order: part after part, and within a part of a directory sorted by
 * the bytes of their path's components, a directory before what lies in it. An index frame holds
 * entries of one part only.
 */
import type { EntryType, SegmentEntry } from './segment.ts'

export const indexFormat = 'backstream-index/1'

export interface IndexEntry {
  readonly path: string
  /** The path's bytes, present only when they are not UTF-8. */
  readonly rawPath?: Buffer
  /** `stream`: all members of a numbered series, `size` is their sum. */
  readonly type: EntryType
  readonly size: number
  readonly mode: number
  readonly mtimeMs: number
  /** Number of the archive frame in which its (first) header begins. */
  readonly frame: number
  /** Where in that frame, plain bytes. */
  readonly offset: number
  readonly linkTarget?: string
  /** How many members a stream consists of. */
  readonly members?: number
}

export interface IndexFooter {
  readonly format: typeof indexFormat
  readonly algorithm: 'zstd' | 'gzip' | 'none'
  /** Plain bytes of a full frame. */
  readonly frameBytes: number
  /** Compressed and plain bytes of each archive frame, in turn: `[c0, p0, c1, p1, …]`. */
  readonly frames: readonly number[]
  readonly parts: readonly PartSummary[]
  readonly index: readonly IndexFrame[]
  readonly warnings: readonly IndexWarning[]
}

export interface PartSummary {
  readonly label: string
  /** Tar entries, each member of a stream counted. */
  readonly entries: number
  /** Content bytes of its entries. */
  readonly bytes: number
  readonly firstFrame: number
  /** Below `firstFrame` when the part is empty. */
  readonly lastFrame: number
}

/** One frame of entries and where it lies in the index object. */
export interface IndexFrame {
  readonly offset: number
  readonly bytes: number
  readonly entries: number
  readonly part: number
  /** Path of its first entry. */
  readonly first: string
}

export interface IndexWarning {
  readonly code: string
  readonly path: string
  readonly message: string
}

export interface Placement {
  readonly frame: number
  readonly offset: number
}

/** An entry without where it lies in the archive, which is known later: see `placeEnding`. */
export type UnplacedEntry = Omit<IndexEntry, 'frame' | 'offset'>

/** What is absent is left out. */
export function encodeEntry(entry: SegmentEntry | UnplacedEntry): string {
  const { path, type, size, mode, mtimeMs, linkTarget, rawPath } = entry
  const members = 'members' in entry ? entry.members : undefined
  return JSON.stringify({
    path,
    type,
    size,
    mode,
    mtime: mtimeMs,
    linkTarget,
    members,
    rawPath: rawPath && Buffer.from(rawPath).toString('base64'),
  })
}

export function decodeEntry(text: string): UnplacedEntry {
  return decodeIndexEntry(text)
}

/** What stands in a line of the index instead of the brace that ends an entry. */
export function placeEnding({ frame, offset }: Placement): string {
  return `,"frame":${frame},"offset":${offset}}\n`
}

export function decodeIndexEntry(line: string): IndexEntry {
  const { mtime, rawPath, ...rest } = JSON.parse(line) as Omit<
    IndexEntry,
    'rawPath' | 'mtimeMs'
  > & {
    readonly mtime: number
    readonly rawPath?: string
  }
  return {
    ...rest,
    mtimeMs: mtime,
    ...(rawPath !== undefined && { rawPath: Buffer.from(rawPath, 'base64') }),
  }
}
