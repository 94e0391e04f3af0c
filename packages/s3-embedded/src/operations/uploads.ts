import { isoDate } from '../http-dates.ts'
import { compareKeys } from '../key-order.ts'
import { xmlReply } from '../reply.ts'
import { bucketOf, countOf, type Handler, keyOf } from '../s3-request.ts'
import { SortedKeys } from '../sorted-keys.ts'
import type { Upload } from '../uploads.ts'
import { walkKeys } from '../walk-keys.ts'
import { buildXml } from '../xml.ts'
import { partChecksumFields } from './checksum-fields.ts'
import { commonPrefixes, type ListQuery, parseListQuery, takePage } from './list-query.ts'
import { owner } from './owner.ts'

export const abortMultipartUpload: Handler = async (request, server) => {
  const { uploads } = bucketOf(request, server)
  await uploads.abort(keyOf(request), request.query.get('uploadId') ?? '')
  return { status: 204 }
}

export const listParts: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const upload = bucket.uploads.get(keyOf(request), request.query.get('uploadId') ?? '')
  const limit = Math.min(countOf(request, 'max-parts', 1000), 1000)
  const marker = countOf(request, 'part-number-marker', 0)
  const behind = [...upload.parts.values()]
    .filter((part) => part.number > marker)
    .sort((a, b) => a.number - b.number)
  const page = takePage(behind, limit)
  return xmlReply(
    buildXml('ListPartsResult', {
      Bucket: bucket.name,
      Key: upload.draft.key,
      UploadId: upload.uploadId,
      Initiator: owner,
      Owner: owner,
      StorageClass: upload.draft.headers['x-amz-storage-class'] ?? 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: page.items.at(-1)?.number ?? 0,
      MaxParts: limit,
      IsTruncated: page.isTruncated,
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      Part: page.items.map((part) => ({
        PartNumber: part.number,
        LastModified: isoDate(part.lastModifiedMs),
        ETag: `"${part.etag}"`,
        Size: part.bytes,
        ...partChecksumFields(part.checksum),
      })),
    }),
  )
}

type Item =
  | { readonly kind: 'upload'; readonly key: string; readonly upload: Upload }
  | { readonly kind: 'prefix'; readonly key: string }

/** By key, those of one key by the time they began. */
export const listMultipartUploads: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const list = parseListQuery(request, 'max-uploads')
  const marker = {
    key: request.query.get('key-marker') ?? '',
    uploadId: request.query.get('upload-id-marker') ?? '',
  }
  const page = takePage(walkUploads(bucket.uploads.all(), list, marker), list.limit)
  const last = page.isTruncated ? page.items.at(-1) : undefined
  return xmlReply(
    buildXml('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      KeyMarker: list.encode(marker.key),
      UploadIdMarker: marker.uploadId,
      NextKeyMarker: last && list.encode(last.key),
      NextUploadIdMarker: last?.kind === 'upload' ? last.upload.uploadId : undefined,
      Prefix: list.encode(list.prefix),
      Delimiter: list.delimiter === '' ? undefined : list.encode(list.delimiter),
      EncodingType: list.encodingType,
      MaxUploads: list.limit,
      IsTruncated: page.isTruncated,
      Upload: page.items
        .filter((item) => item.kind === 'upload')
        .map(({ upload }) => ({
          Key: list.encode(upload.draft.key),
          UploadId: upload.uploadId,
          Initiator: owner,
          Owner: owner,
          StorageClass: upload.draft.headers['x-amz-storage-class'] ?? 'STANDARD',
          Initiated: isoDate(upload.initiatedAtMs),
          ChecksumAlgorithm: upload.checksum?.algorithm,
          ChecksumType: upload.checksum?.type,
        })),
      CommonPrefixes: commonPrefixes(page.items, list.encode),
    }),
  )
}

function* walkUploads(
  uploads: readonly Upload[],
  { prefix, delimiter }: ListQuery,
  marker: { key: string; uploadId: string },
): Generator<Item> {
  const byKey = Map.groupBy(uploads, (upload) => upload.draft.key)
  const entries = walkKeys(new SortedKeys(byKey.keys()), {
    prefix,
    delimiter,
    after: marker.key,
    inclusive: marker.key !== '' && marker.uploadId !== '',
    isVisible: () => true,
  })
  for (const entry of entries) {
    if (entry.kind === 'prefix') {
      yield entry
      continue
    }
    const ofKey = (byKey.get(entry.key) ?? []).sort(byAge)
    const seen =
      entry.key === marker.key
        ? ofKey.findIndex(({ uploadId }) => uploadId === marker.uploadId)
        : -1
    for (const upload of ofKey.slice(seen + 1)) yield { kind: 'upload', key: entry.key, upload }
  }
}

function byAge(a: Upload, b: Upload): number {
  return a.initiatedAtMs - b.initiatedAtMs || compareKeys(a.uploadId, b.uploadId)
}
