import { parseChecksumAlgorithm } from '../checksums.ts'
import { writePrecondition } from '../conditions.ts'
import { isoDate } from '../http-dates.ts'
import { draftObject, storageClassOf, versionHeader } from '../object-headers.ts'
import type { ObjectDraft, ObjectVersion } from '../object-version.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, keyOf, type S3Request } from '../s3-request.ts'
import { buildXml } from '../xml.ts'
import { checksumFields } from './checksum-fields.ts'
import { type CopySource, copyBytes, findCopySource } from './copy-source.ts'

export const copyObject: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const key = keyOf(request)
  const source = findCopySource(request, server)
  if (source.version.bytes > server.limits.maxPutBytes) {
    throw new S3Error('InvalidRequest', {
      message:
        'The specified copy source is larger than the maximum allowable size for a copy source',
    })
  }
  refuseNoChange(request, { source, bucketName: bucket.name, key })
  const named = draftObject(request.headers, { bucket, key, nowMs: server.clock.now() })
  const draft = inherit(request, named, source.version)
  const precondition = writePrecondition(request.headers)
  const wanted = request.headers['x-amz-checksum-algorithm']
  const checksum = wanted ? parseChecksumAlgorithm(wanted) : source.version.checksum?.algorithm
  const range = { start: 0, end: source.version.bytes }
  const version = await copyBytes({ source, range, target: bucket, checksum }, (facts, piece) =>
    bucket.add(
      {
        ...draft,
        isDeleteMarker: false,
        bytes: facts.bytes,
        etag: facts.md5Hex,
        lastModifiedMs: server.clock.now(),
        pieces: [piece],
        checksum: facts.checksum && { ...facts.checksum, type: 'FULL_OBJECT' },
      },
      precondition,
    ),
  )
  return xmlReply(
    buildXml('CopyObjectResult', {
      LastModified: isoDate(version.lastModifiedMs),
      ETag: `"${version.etag}"`,
      ...checksumFields(version.checksum),
    }),
    {
      etag: version.etag,
      headers: {
        ...versionHeader(bucket, version),
        'x-amz-copy-source-version-id':
          source.bucket.settings.versioning && source.version.versionId,
      },
    },
  )
}

function inherit(request: S3Request, named: ObjectDraft, source: ObjectVersion): ObjectDraft {
  const keepHeaders = directive(request, 'x-amz-metadata-directive') === 'COPY'
  const keepTags = directive(request, 'x-amz-tagging-directive') === 'COPY'
  const { 'x-amz-storage-class': _, ...sourceHeaders } = source.headers
  const storageClass = named.headers['x-amz-storage-class']
  return {
    ...named,
    headers: keepHeaders
      ? { ...sourceHeaders, ...(storageClass ? { 'x-amz-storage-class': storageClass } : {}) }
      : named.headers,
    tags: keepTags ? source.tags : named.tags,
  }
}

function directive({ headers }: S3Request, name: string): 'COPY' | 'REPLACE' {
  const value = headers[name] ?? 'COPY'
  if (value === 'COPY' || value === 'REPLACE') return value
  throw new S3Error('InvalidArgument', { message: `Unknown ${name}` })
}

function refuseNoChange(
  request: S3Request,
  target: { source: CopySource; bucketName: string; key: string },
): void {
  const { source, bucketName, key } = target
  const isItself =
    source.bucket.name === bucketName &&
    source.version.key === key &&
    source.bucket.index.current(key)?.id === source.version.id
  const storageClass = request.headers['x-amz-storage-class'] ?? 'STANDARD'
  const changes =
    directive(request, 'x-amz-metadata-directive') === 'REPLACE' ||
    storageClass !== storageClassOf(source.version) ||
    request.headers['x-amz-checksum-algorithm'] !== undefined
  if (isItself && !changes) {
    throw new S3Error('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class or checksum.",
    })
  }
}
