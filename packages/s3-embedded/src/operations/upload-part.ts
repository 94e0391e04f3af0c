import type { BodyFacts } from '../body-digests.ts'
import { checksumHeader } from '../checksums.ts'
import type { DataPiece } from '../data-files.ts'
import { isoDate } from '../http-dates.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import {
  bucketOf,
  countOf,
  type Handler,
  keyOf,
  type S3Request,
  type ServerState,
} from '../s3-request.ts'
import type { Upload, UploadedPart } from '../uploads.ts'
import { buildXml } from '../xml.ts'
import { partChecksumFields } from './checksum-fields.ts'
import { copyBytes, findCopySource } from './copy-source.ts'
import { receive } from './put-object.ts'

export const uploadPart: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const target = targetOf(request, server)
  const upload = bucket.uploads.get(target.key, target.uploadId)
  checkAlgorithm(request, upload)
  const checksum = upload.checksum?.algorithm
  return receive({ request, server, bucket, checksum }, async (facts, piece) => {
    const part = partOf({ number: target.number, nowMs: server.clock.now() }, facts, piece)
    await bucket.uploads.addPart(target.key, target.uploadId, part)
    return {
      status: 200,
      etag: part.etag,
      headers: {
        etag: `"${part.etag}"`,
        ...(part.checksum
          ? { [checksumHeader(part.checksum.algorithm)]: part.checksum.value }
          : {}),
      },
    }
  })
}

export const uploadPartCopy: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const target = targetOf(request, server)
  const upload = bucket.uploads.get(target.key, target.uploadId)
  const source = findCopySource(request, server)
  const range = copyRange(request.headers['x-amz-copy-source-range'], source.version.bytes)
  if (range.end - range.start > server.limits.maxPutBytes) throw new S3Error('EntityTooLarge')
  const checksum = upload.checksum?.algorithm
  const part = await copyBytes(
    { source, range, target: bucket, checksum },
    async (facts, piece) => {
      const made = partOf({ number: target.number, nowMs: server.clock.now() }, facts, piece)
      await bucket.uploads.addPart(target.key, target.uploadId, made)
      return made
    },
  )
  return xmlReply(
    buildXml('CopyPartResult', {
      LastModified: isoDate(part.lastModifiedMs),
      ETag: `"${part.etag}"`,
      ...partChecksumFields(part.checksum),
    }),
    {
      etag: part.etag,
      headers: {
        'x-amz-copy-source-version-id':
          source.bucket.settings.versioning && source.version.versionId,
      },
    },
  )
}

function targetOf(
  request: S3Request,
  server: ServerState,
): { key: string; uploadId: string; number: number } {
  const number = countOf(request, 'partNumber', 0)
  if (number < 1 || number > server.limits.maxParts) {
    throw new S3Error('InvalidArgument', {
      message: `Part number must be an integer between 1 and ${server.limits.maxParts}, inclusive`,
      details: { ArgumentName: 'partNumber', ArgumentValue: String(number) },
    })
  }
  return { key: keyOf(request), uploadId: request.query.get('uploadId') ?? '', number }
}

/** An upload made with composite checksums wants one with each part, and no upload takes another's. */
function checkAlgorithm({ body }: S3Request, { checksum }: Upload): void {
  if (!checksum) return
  const given = body.checksumAlgorithm
  if (given === checksum.algorithm) return
  if (given === undefined && checksum.type === 'FULL_OBJECT') return
  throw new S3Error('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${checksum.algorithm.toLowerCase()}, actual checksum Type: ${given?.toLowerCase() ?? 'null'}`,
  })
}

function partOf(
  { number, nowMs }: { number: number; nowMs: number },
  facts: BodyFacts,
  piece: DataPiece,
): UploadedPart {
  return {
    number,
    bytes: facts.bytes,
    etag: facts.md5Hex,
    lastModifiedMs: nowMs,
    piece,
    checksum: facts.checksum,
  }
}

/** `bytes=first-last`, both given and within the source. */
function copyRange(header: string | undefined, bytes: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: bytes }
  const match = /^bytes=(\d+)-(\d+)$/.exec(header)
  const start = Number(match?.[1] ?? 1)
  const end = Number(match?.[2] ?? 0) + 1
  if (!match || start >= end || end > bytes) {
    throw new S3Error('InvalidArgument', {
      message: `Range specified is not valid for source object of size: ${bytes}`,
    })
  }
  return { start, end }
}
