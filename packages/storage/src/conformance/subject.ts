import type { Storage, StoreCheck } from '../storage.ts'

/** An empty storage of its own for one test: nobody else writes under its prefix. */
export interface StorageSubject extends AsyncDisposable {
  readonly storage: Storage
}
export type StorageFactory = () => Promise<StorageSubject>

/** What a store is known to do: the suite holds it to exactly this. */
export interface StorageTraits {
  readonly versioned: boolean
  readonly conditionalPut: boolean
  /** How strongly it lets stored bytes be compared: for a put or small upload, and in parts. */
  readonly checks: { readonly whole: StoreCheck; readonly parts: StoreCheck }
}
