import type { BodyFacts } from '../body-digests.ts'
import type { Bucket } from '../bucket.ts'
import type { ChecksumAlgorithm } from '../checksums.ts'
import { copySourceConditions, isModified } from '../conditions.ts'
import { requireActions } from '../credentials.ts'
import type { ByteRange, DataPiece } from '../data-files.ts'
import type { ObjectVersion } from '../object-version.ts'
import { createRequestBody } from '../request-body.ts'
import { S3Error } from '../s3-error.ts'
import type { S3Request, ServerState } from '../s3-request.ts'
import { pickVersion } from './find-version.ts'
import { keepOrRemove } from './put-object.ts'

export interface CopySource {
  readonly bucket: Bucket
  readonly version: ObjectVersion
}

/** The object x-amz-copy-source names, if the caller may read it and its conditions hold. */
export function findCopySource(request: S3Request, server: ServerState): CopySource {
  const { bucketName, key, versionId } = parseCopySource(request.headers['x-amz-copy-source'] ?? '')
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  requireActions(request.caller, [action])
  const bucket = server.store.bucket(bucketName)
  const version = pickVersion(bucket, key, versionId)
  if (!version) throw new S3Error('NoSuchKey', { details: { Key: key } })
  if (!isModified(version, copySourceConditions(request.headers))) {
    throw new S3Error('PreconditionFailed')
  }
  return { bucket, version }
}

export interface Copying {
  readonly source: CopySource
  readonly range: ByteRange
  readonly target: Bucket
  readonly checksum: ChecksumAlgorithm | undefined
}

/** Streams bytes of the source into a new data file; `keep` takes it over. */
export async function copyBytes<T>(
  { source, range, target, checksum }: Copying,
  keep: (facts: BodyFacts, piece: DataPiece) => Promise<T>,
): Promise<T> {
  const { files } = source.bucket
  const release = files.hold(source.version.pieces)
  const writer = await target.files.create()
  try {
    const body = createRequestBody({
      headers: {},
      payload: { kind: 'unsigned' },
      open: () => files.read(source.version.pieces, range),
    })
    const facts = await body.consume((chunk) => writer.write(chunk), { md5: true, checksum })
    const piece = await writer.finish()
    return await keepOrRemove(target, piece, () => keep(facts, piece))
  } finally {
    await writer.discard()
    await release()
  }
}

function parseCopySource(header: string): {
  bucketName: string
  key: string
  versionId: string | undefined
} {
  const [path = '', query = ''] = header.split(/\?versionId=/)
  let decoded: string
  try {
    decoded = decodeURIComponent(path).replace(/^\//, '')
  } catch (cause) {
    throw new S3Error('InvalidArgument', { message: 'The copy source is not URL-encoded.', cause })
  }
  const slash = decoded.indexOf('/')
  if (slash <= 0 || slash === decoded.length - 1) {
    throw new S3Error('InvalidArgument', {
      message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    })
  }
  return {
    bucketName: decoded.slice(0, slash),
    key: decoded.slice(slash + 1),
    versionId: query === '' ? undefined : query,
  }
}
