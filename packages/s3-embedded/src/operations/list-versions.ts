import type { Bucket } from '../bucket.ts'
import { isoDate } from '../http-dates.ts'
import { storageClassOf } from '../object-headers.ts'
import type { ObjectVersion } from '../object-version.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler } from '../s3-request.ts'
import { type Walked, walkKeys } from '../walk-keys.ts'
import { buildXml, type XmlValue } from '../xml.ts'
import { commonPrefixes, type ListQuery, parseListQuery, takePage } from './list-query.ts'
import { owner } from './owner.ts'

interface Marker {
  readonly key: string
  /** Empty: behind all versions of the key. */
  readonly versionId: string
}

type Item =
  | { readonly kind: 'version'; readonly key: string; readonly version: ObjectVersion }
  | { readonly kind: 'prefix'; readonly key: string }

export const listObjectVersions: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const list = parseListQuery(request, 'max-keys')
  const marker = {
    key: request.query.get('key-marker') ?? '',
    versionId: request.query.get('version-id-marker') ?? '',
  }
  if (marker.key === '' && marker.versionId !== '') {
    throw new S3Error('InvalidArgument', {
      message: 'A version-id marker cannot be specified without a key marker.',
    })
  }
  const page = takePage(walkVersions(bucket, list, marker), list.limit)
  const last = page.isTruncated ? page.items.at(-1) : undefined
  const versions = page.items.filter((item) => item.kind === 'version')
  return xmlReply(
    buildXml('ListVersionsResult', {
      Name: bucket.name,
      Prefix: list.encode(list.prefix),
      Delimiter: list.delimiter === '' ? undefined : list.encode(list.delimiter),
      KeyMarker: list.encode(marker.key),
      VersionIdMarker: marker.versionId,
      NextKeyMarker: last && list.encode(last.key),
      NextVersionIdMarker: last?.kind === 'version' ? last.version.versionId : undefined,
      MaxKeys: list.limit,
      EncodingType: list.encodingType,
      IsTruncated: page.isTruncated,
      Version: versions
        .filter(({ version }) => !version.isDeleteMarker)
        .map(({ version }) => ({
          ...describe(bucket, list, version),
          ETag: `"${version.etag}"`,
          ChecksumAlgorithm: version.checksum?.algorithm,
          ChecksumType: version.checksum?.type,
          Size: version.bytes,
          StorageClass: storageClassOf(version),
        })),
      DeleteMarker: versions
        .filter(({ version }) => version.isDeleteMarker)
        .map(({ version }) => describe(bucket, list, version)),
      CommonPrefixes: commonPrefixes(page.items, list.encode),
    }),
  )
}

function* walkVersions(bucket: Bucket, list: ListQuery, marker: Marker): Generator<Item> {
  const { index } = bucket
  const entries = walkKeys(index.keys, {
    prefix: list.prefix,
    delimiter: list.delimiter,
    after: marker.key,
    inclusive: marker.versionId !== '',
    isVisible: () => true,
  })
  for (const entry of entries) yield* itemsOf(bucket, entry, marker)
}

function* itemsOf(bucket: Bucket, entry: Walked, marker: Marker): Generator<Item> {
  if (entry.kind === 'prefix') {
    yield entry
    return
  }
  const versions = bucket.index.of(entry.key)
  const seen =
    entry.key === marker.key
      ? versions.findIndex(({ versionId }) => versionId === marker.versionId)
      : -1
  for (const version of versions.slice(seen + 1)) yield { kind: 'version', key: entry.key, version }
}

function describe(
  bucket: Bucket,
  list: ListQuery,
  version: ObjectVersion,
): { [name: string]: XmlValue } {
  return {
    Key: list.encode(version.key),
    VersionId: version.versionId,
    IsLatest: bucket.index.newest(version.key)?.id === version.id,
    LastModified: isoDate(version.lastModifiedMs),
    Owner: owner,
  }
}
