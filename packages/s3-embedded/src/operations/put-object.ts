import type { BodyFacts } from '../body-digests.ts'
import type { Bucket } from '../bucket.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { writePrecondition } from '../conditions.ts'
import type { DataPiece } from '../data-files.ts'
import { checksumHeaders, draftObject, versionHeader } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, keyOf, type S3Request, type ServerState } from '../s3-request.ts'

export const putObject: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const key = keyOf(request)
  const nowMs = server.clock.now()
  const draft = draftObject(request.headers, { bucket, key, nowMs })
  const precondition = writePrecondition(request.headers)
  precondition(bucket.index.current(key))
  if (draft.retention ?? draft.legalHold) requireIntegrityHeader(request)
  return receive({ request, server, bucket }, async (facts, piece) => {
    const { checksum } = facts
    const version = await bucket.add(
      {
        ...draft,
        isDeleteMarker: false,
        bytes: facts.bytes,
        etag: facts.md5Hex,
        lastModifiedMs: server.clock.now(),
        pieces: [piece],
        checksum: checksum && { ...checksum, type: 'FULL_OBJECT' },
      },
      precondition,
    )
    return {
      status: 200,
      etag: version.etag,
      headers: {
        etag: `"${version.etag}"`,
        ...checksumHeaders(version),
        ...versionHeader(bucket, version),
        'x-amz-server-side-encryption': draft.headers['x-amz-server-side-encryption'],
      },
    }
  })
}

export interface Receiving {
  readonly request: S3Request
  readonly server: ServerState
  readonly bucket: Bucket
  /** Compute this one even when the client sends none. */
  readonly checksum?: ChecksumAlgorithm | undefined
}

/** Streams the body into a data file; `keep` takes it over. Unless that succeeds nothing is left. */
export async function receive<T>(
  { request, server, bucket, checksum }: Receiving,
  keep: (facts: BodyFacts, piece: DataPiece) => Promise<T>,
): Promise<T> {
  if (request.body.bytes === undefined) throw new S3Error('MissingContentLength')
  if (request.body.bytes > server.limits.maxPutBytes) throw new S3Error('EntityTooLarge')
  const writer = await bucket.files.create()
  try {
    const facts = await request.body.consume((chunk) => writer.write(chunk), {
      md5: true,
      checksum,
    })
    const piece = await writer.finish()
    return await keepOrRemove(bucket, piece, () => keep(facts, piece))
  } finally {
    await writer.discard()
  }
}

export async function keepOrRemove<T>(
  bucket: Bucket,
  piece: DataPiece,
  keep: () => Promise<T>,
): Promise<T> {
  try {
    return await keep()
  } catch (error) {
    await bucket.files.remove([piece])
    throw error
  }
}

function requireIntegrityHeader({ headers, body }: S3Request): void {
  if (headers['content-md5'] !== undefined || body.checksumAlgorithm) return
  throw new S3Error('InvalidRequest', {
    message:
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  })
}
