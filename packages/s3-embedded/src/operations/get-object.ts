import type { Bucket } from '../bucket.ts'
import { parseRange } from '../byte-range.ts'
import { isModified, readConditions } from '../conditions.ts'
import type { ByteRange } from '../data-files.ts'
import { checksumHeaders, describeVersion } from '../object-headers.ts'
import type { ObjectVersion } from '../object-version.ts'
import type { Reply, ReplyStream } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import { countOf, type Handler, type S3Request } from '../s3-request.ts'
import { findVersion } from './find-version.ts'

export const getObject: Handler = async (request, server) => {
  const { bucket, version } = findVersion(request, server)
  const { reply, range } = describe(request, bucket, version)
  if (reply.status === 304) return reply
  return { ...reply, body: streamOf(bucket, version, range) }
}

export const headObject: Handler = async (request, server) => {
  const { bucket, version } = findVersion(request, server)
  return describe(request, bucket, version).reply
}

/** Opened by whoever sends it; its pieces are held from now on, so that a delete cannot tear it. */
function streamOf(bucket: Bucket, version: ObjectVersion, range: ByteRange): ReplyStream {
  return {
    bytes: range.end - range.start,
    open: () => bucket.files.read(version.pieces, range),
    close: bucket.files.hold(version.pieces),
  }
}

function describe(
  request: S3Request,
  bucket: Bucket,
  version: ObjectVersion,
): { reply: Reply; range: ByteRange } {
  const headers = { ...describeVersion(bucket, version), ...overrides(request) }
  const whole = { start: 0, end: version.bytes }
  if (!isModified(version, readConditions(request.headers))) {
    return { reply: { status: 304, headers, etag: version.etag }, range: whole }
  }
  const part = partRange(request, version)
  const range = part?.range ?? parseRange(request.headers['range'], version.bytes)
  const { start, end } = range ?? whole
  const reply = {
    status: range ? 206 : 200,
    etag: version.etag,
    headers: {
      ...headers,
      'content-length': String(end - start),
      'content-range': range && `bytes ${start}-${Math.max(end - 1, 0)}/${version.bytes}`,
      ...(wantsChecksum(request) && !range ? checksumHeaders(version) : {}),
      ...(part ? { 'x-amz-mp-parts-count': part.count } : {}),
    },
  }
  return { reply, range: range ?? whole }
}

function wantsChecksum({ headers }: S3Request): boolean {
  return headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'
}

/** `partNumber=N`: the bytes of that part. Any object has a part 1. */
function partRange(
  request: S3Request,
  version: ObjectVersion,
): { range: ByteRange | undefined; count: string | undefined } | undefined {
  if (!request.query.has('partNumber')) return undefined
  const number = countOf(request, 'partNumber', 0)
  if (version.uploadId === undefined) {
    if (number !== 1) throw new S3Error('InvalidPartNumber')
    return { range: undefined, count: undefined }
  }
  const piece = version.pieces[number - 1]
  if (!piece) throw new S3Error('InvalidPartNumber')
  const start = version.pieces.slice(0, number - 1).reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    range: { start, end: start + piece.bytes },
    count: String(version.pieces.length),
  }
}

const overridable = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

function overrides({ query }: S3Request): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of overridable) {
    const value = query.get(`response-${name}`)
    if (value === undefined) continue
    if (/[\r\n\0]/.test(value)) throw new S3Error('InvalidArgument')
    headers[name] = value
  }
  return headers
}
