/**
 * Between a restore and the thread that makes its files: slabs of records (file-records.ts), a few, filled
 * again and again in turn. The restore posts by counting up in `control`, where the thread sleeps; the
 * thread answers each slab by a message.
 */
import type { NotSet } from './file-sink.ts'

export const slabBytes: number = 1 << 20
export const slabCount = 4

export interface FileThreadInput {
  /** Int32: how many slabs were posted, then the filled bytes of each; `lastSlab` ends the thread. */
  readonly control: SharedArrayBuffer
  /** All of them, one behind the other. */
  readonly slabs: SharedArrayBuffer
}

export const postedAt = 0
export const lengthAt = (slab: number): number => 1 + (slab % slabCount)
export const controlBytes: number = 4 * (1 + slabCount)
export const lastSlab: number = -1

export interface SlabDone {
  /** Files begun by the end of this slab. */
  readonly begun: number
  readonly notSet: readonly NotSet[]
  /** Of the file begun last; the thread makes nothing more then. */
  readonly failure: ThreadFailure | null
}

/** What an error's clone keeps, and what a system error says besides. */
export interface ThreadFailure {
  readonly error: unknown
  readonly code?: string | undefined
  readonly syscall?: string | undefined
}
