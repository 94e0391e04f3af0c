import type { SegmentEntries } from './segment-entries.ts'

/**
 * A run of plain tar bytes with the entries that begin in it: what sources produce and frames eat.
 *
 * Segments of one source, concatenated, are whole tar entries (headers, content, padding), without
 * the two zero blocks that end an archive: those are the archive's to write. A segment may end in
 * the middle of an entry's content. The consumer may keep `bytes`; the producer never touches them
 * again.
 */
export interface TarSegment {
  readonly bytes: Uint8Array
  readonly entries: SegmentEntries
  /**
   * Called at most once, by a consumer that is done with `bytes` and keeps no view of them: the
   * producer may then fill the same memory again. Calling it is an economy, never a duty.
   */
  release?(): void
}

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'stream'

/** One tar entry. `stream` is one member of a numbered series (a command's or database's output). */
export interface SegmentEntry {
  /** Path in the archive, no leading slash, a directory without its trailing one. */
  readonly path: string
  /** The path's bytes, present only when they are not UTF-8: `path` then holds U+FFFD in places. */
  readonly rawPath?: Uint8Array
  readonly type: EntryType
  /** Content bytes. */
  readonly size: number
  readonly mode: number
  readonly mtimeMs: number
  /** Where its first header block lies, bytes from the start of this segment. */
  readonly offset: number
  readonly linkTarget?: string
}
