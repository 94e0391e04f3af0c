import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MemoryBucket, MemoryVersion } from './memory-bucket.ts'
import { assertListPrefix, compareKeys } from './object-key.ts'
import type {
  ListedObject,
  ListedPart,
  ListedPrefix,
  ListedVersion,
  ListOptions,
  ObjectLister,
} from './storage.ts'

/** Each listing shows the bucket as it was when its first entry was asked for. */
export function listMemory(bucket: MemoryBucket, versioned: boolean): ObjectLister {
  const objects = (prefix: string) => currentObjects(bucket.versions(prefix))
  return {
    list: (prefix, options) => entries(prefix, options, () => objects(prefix)),
    listLevel: (prefix, options) => {
      return entries(prefix, options, () => foldLevel(objects(prefix), prefix))
    },
    listVersions: (prefix, options) => {
      return entries(prefix, options, () => describeVersions(bucket.versions(prefix), versioned))
    },
    listUploads: (prefix, options) => {
      return entries(prefix, options, () =>
        [...bucket.uploads.values()]
          .filter((upload) => upload.key.startsWith(prefix))
          .map(({ key, uploadId, initiatedAtMs }) => ({ key, uploadId, initiatedAtMs }))
          .sort((a, b) => compareKeys(a.key, b.key)),
      )
    },
    listParts: (key, uploadId, options) => {
      const isIt = () => bucket.uploads.get(uploadId)?.key === key
      return entries(key, options, () => (isIt() ? [...partsOf(bucket, uploadId)] : []))
    },
  }
}

function partsOf(bucket: MemoryBucket, uploadId: string): readonly ListedPart[] {
  return bucket.uploads.get(uploadId)?.parts ?? []
}

async function* entries<T>(
  prefix: string,
  options: ListOptions | undefined,
  snapshot: () => readonly T[],
): AsyncGenerator<T> {
  options?.signal?.throwIfAborted()
  assertListPrefix(prefix)
  await nextTurn()
  for (const entry of snapshot()) {
    options?.signal?.throwIfAborted()
    yield entry
  }
}

function currentObjects(versions: readonly MemoryVersion[]): ListedObject[] {
  return versions
    .filter((version, index) => versions[index - 1]?.key !== version.key)
    .filter((version) => !version.isDeleteMarker)
    .map(({ key, bytes, etag, lastModifiedMs }) => {
      return { kind: 'object', key, bytes: bytes.byteLength, etag, lastModifiedMs }
    })
}

function foldLevel(
  objects: readonly ListedObject[],
  prefix: string,
): (ListedObject | ListedPrefix)[] {
  const level = new Map<string, ListedObject | ListedPrefix>()
  for (const object of objects) {
    const slash = object.key.indexOf('/', prefix.length)
    const below = object.key.slice(0, slash + 1)
    if (slash < 0) level.set(object.key, object)
    else level.set(below, { kind: 'prefix', prefix: below })
  }
  return [...level.values()]
}

function describeVersions(versions: readonly MemoryVersion[], versioned: boolean): ListedVersion[] {
  return versions.map((version, index) => ({
    key: version.key,
    versionId: versioned ? version.versionId : undefined,
    isLatest: versions[index - 1]?.key !== version.key,
    isDeleteMarker: version.isDeleteMarker,
    bytes: version.bytes.byteLength,
    lastModifiedMs: version.lastModifiedMs,
  }))
}
