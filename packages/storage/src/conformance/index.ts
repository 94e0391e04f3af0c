import { describe } from 'node:test'
import type { Storage, StoreCheck } from '../storage.ts'
import { describeAborts } from './aborts.ts'
import { describeConditionalPut } from './conditional-put.ts'
import { describeKeys } from './keys.ts'
import { describeListing } from './listing.ts'
import { describeObjects } from './objects.ts'
import { describeUploads } from './uploads.ts'
import { describeVersions } from './versions.ts'

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

/**
 * The storage contract as tests. Every implementation and every decorator runs them.
 *
 * Uploads of several parts take `capabilities.partBytes` of memory and traffic each; limit
 * `maxParts` to 3 or so to have the largest object tested too (only where it is at most 64 MiB).
 */
export function describeStorage(
  name: string,
  factory: StorageFactory,
  traits: StorageTraits,
): void {
  describe(`storage contract: ${name}`, () => {
    describeObjects(factory, traits)
    describeKeys(factory)
    describeConditionalPut(factory, traits)
    describeListing(factory)
    describeVersions(factory, traits)
    describeUploads(factory, traits)
    describeAborts(factory)
  })
}
