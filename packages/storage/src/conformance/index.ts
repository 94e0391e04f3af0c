import { describe } from 'node:test'
import { describeAborts } from './aborts.ts'
import { describeConditionalPut } from './conditional-put.ts'
import { describeKeys } from './keys.ts'
import { describeListing } from './listing.ts'
import { describeObjects } from './objects.ts'
import type { StorageFactory, StorageTraits } from './subject.ts'
import { describeUploads } from './uploads.ts'
import { describeVersions } from './versions.ts'

export type { StorageFactory, StorageSubject, StorageTraits } from './subject.ts'

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
