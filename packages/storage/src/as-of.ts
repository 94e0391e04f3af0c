import { StorageError } from './errors.ts'
import type { ListedObject, ListedPrefix, ListedVersion, ListOptions, Storage } from './storage.ts'

/**
 * A storage whose bucket keeps versions, as it was at a time: what was removed or replaced since is
 * there again, and what came later is not there yet. For reading only; nothing can be changed by it.
 *
 * A store dates versions by the second, and an object made by a multipart upload by when that began.
 */
export function asOf(inner: Storage, atMs: number): Storage {
  const list = (prefix: string, options: ListOptions = {}) =>
    versionsAt(inner.listVersions(prefix, options), atMs)
  const find = async (key: string, options: ListOptions = {}): Promise<ListedVersion> => {
    for await (const version of list(key, options)) if (version.key === key) return version
    throw notThere(inner, key, atMs)
  }
  return {
    capabilities: inner.capabilities,
    location: inner.location,
    async head(key, options = {}) {
      const { versionId = (await find(key, options)).versionId } = options
      return await inner.head(key, { ...options, versionId })
    },
    async get(key, options = {}) {
      const { versionId = (await find(key, options)).versionId } = options
      return await inner.get(key, { ...options, versionId })
    },
    async *list(prefix, options) {
      for await (const version of list(prefix, options)) yield objectOf(version)
    },
    listLevel: (prefix, options) => levelOf(list(prefix, options), prefix),
    listVersions: (prefix, options) => list(prefix, options),
    async *listUploads() {},
    async *listParts() {},
    put: () => refuse(inner),
    upload: () => refuse(inner),
    abortUpload: () => refuse(inner),
    delete: () => refuse(inner),
  }
}

/** Of each key the newest version up to then; none where that one says that it was removed. */
async function* versionsAt(
  versions: AsyncIterable<ListedVersion>,
  atMs: number,
): AsyncGenerator<ListedVersion> {
  let settled: string | undefined
  for await (const version of versions) {
    if (version.key === settled || version.lastModifiedMs > atMs) continue
    settled = version.key
    if (!version.isDeleteMarker) yield version
  }
}

async function* levelOf(
  versions: AsyncIterable<ListedVersion>,
  prefix: string,
): AsyncGenerator<ListedObject | ListedPrefix> {
  let last = ''
  for await (const version of versions) {
    const slash = version.key.indexOf('/', prefix.length)
    if (slash === -1) yield objectOf(version)
    else if (version.key.slice(0, slash + 1) !== last) {
      last = version.key.slice(0, slash + 1)
      yield { kind: 'prefix', prefix: last }
    }
  }
}

function objectOf({ key, bytes, lastModifiedMs }: ListedVersion): ListedObject {
  return { kind: 'object', key, bytes, etag: undefined, lastModifiedMs }
}

function notThere({ location }: Storage, key: string, atMs: number): StorageError {
  const at = new Date(atMs).toISOString()
  return new StorageError('not-found', `${location}/${key} was not there at ${at}`)
}

async function refuse({ location }: Storage): Promise<never> {
  throw new StorageError(
    'invalid-request',
    `${location} is looked at as it was: nothing can be changed`,
  )
}
