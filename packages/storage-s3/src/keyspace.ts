import { assertListPrefix, assertObjectKey, StorageError } from '@backstream/storage'

/** The only place where the storage's prefix is put before a key, and taken off again. */
export interface Keyspace {
  /** Rejects with `invalid-request` a key that could reach outside of the prefix. */
  toObjectKey(key: string): string
  toListPrefix(prefix: string): string
  /** Rejects with `unavailable` a key that the store listed although it is not ours. */
  toRelative(objectKey: string): string
}

export function createKeyspace(prefix: string): Keyspace {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  if (trimmed !== '') assertObjectKey(trimmed)
  const root = trimmed === '' ? '' : `${trimmed}/`
  return {
    toObjectKey(key) {
      assertObjectKey(key)
      assertObjectKey(root + key)
      return root + key
    },
    toListPrefix(listPrefix) {
      assertListPrefix(listPrefix)
      return root + listPrefix
    },
    toRelative(objectKey) {
      if (objectKey.startsWith(root)) return objectKey.slice(root.length)
      throw new StorageError('unavailable', `the store listed ${objectKey}, outside of ${root}`)
    },
  }
}
