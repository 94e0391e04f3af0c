/**
 * Between a restore and the thread that makes its tree. The restore posts orders, one after another, and
 * counts them up in `control`, where the thread sleeps; of each chunk the thread says when it is done with
 * it. The last answer is `done` or `stopped`, and nothing is made after that.
 */
import type { ExtractReport } from './extract-report.ts'
import type { ExtractOptions, LeftToDo } from './extract-tree.ts'
import type { PortableError } from './portable-error.ts'

export interface TreeThreadInput {
  readonly control: SharedArrayBuffer
  readonly options: ExtractOptions
}

/** Places in `control`, an Int32Array: orders posted; not 0: let go of everything, at once. */
export const control = { posted: 0, stopped: 1, bytes: 8 } as const

export type TreeOrder =
  | {
      /** The tar's next bytes; not filled again before the thread is done with them. */
      readonly kind: 'chunk'
      readonly memory: SharedArrayBuffer
      readonly start: number
      readonly bytes: number
    }
  | { readonly kind: 'end' }
  /** There will be no more of it; null: for a reason that is no fault of the archive's. */
  | { readonly kind: 'failed'; readonly error: PortableError | null }

export type TreeAnswer =
  | { readonly kind: 'read'; readonly report: ExtractReport }
  | { readonly kind: 'done'; readonly report: ExtractReport }
  | {
      readonly kind: 'stopped'
      readonly report: ExtractReport
      readonly left: LeftToDo
      /** Null: for the reason it was given. */
      readonly error: PortableError | null
    }
