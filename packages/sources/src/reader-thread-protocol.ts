/**
 * What passes between a source and its reader thread.
 *
 * The thread posts; the source takes, and says so in `control`, where the thread waits when it is too
 * far ahead. Slabs are shared memory, a few of them, filled again and again: a slab belongs to the
 * consumer from its post until it is sent back. Buffers that are transferred instead would be
 * new ones to the garbage collector on every crossing: a gigabyte of files made 80 full collections.
 */
import type { PackedEntries, SegmentEntry } from '@backstream/archive/tar'
import type { DirectorySourceConfig } from '@backstream/config'
import { allocateLargeShared } from '@backstream/kernel'
import type { SourceEstimate, SourceSummary } from './source.ts'
import type { SerializedSourceError } from './source-error.ts'

export type ListedEntry = Omit<SegmentEntry, 'offset'>

export type ReaderTask = 'read' | 'list' | 'estimate'

export interface ReaderInput {
  readonly task: ReaderTask
  readonly config: DirectorySourceConfig
  readonly slabBytes: number
  /** Two Int32: how many posts were taken, and whether to stop. */
  readonly control: SharedArrayBuffer
}

/** Memory for a run of the tar, and for telling of the entries that begin in it. */
export interface Slab {
  readonly content: SharedArrayBuffer
  readonly entries: SharedArrayBuffer
}

/** Room for the entries of a slab of small files; where it is not enough, the thread takes more. */
const usualEntryBytes = 128 << 10

export function createSlab(contentBytes: number): Slab {
  return {
    content: allocateLargeShared(contentBytes),
    entries: new SharedArrayBuffer(usualEntryBytes),
  }
}

export type ReaderMessage =
  | {
      readonly kind: 'segment'
      readonly content: SharedArrayBuffer
      readonly bytes: number
      readonly entries: PackedEntries<SharedArrayBuffer>
    }
  | { readonly kind: 'entries'; readonly entries: readonly ListedEntry[] }
  | { readonly kind: 'end'; readonly result: SourceSummary | SourceEstimate | null }
  | { readonly kind: 'error'; readonly error: SerializedSourceError }

export const takenAt = 0
export const stopAt = 1
