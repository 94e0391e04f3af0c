import { type ChecksumAlgorithm, type ChecksumType, parseChecksumAlgorithm } from '../checksums.ts'
import { draftObject } from '../object-headers.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, keyOf, type S3Request } from '../s3-request.ts'
import { buildXml } from '../xml.ts'

export const createMultipartUpload: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const key = keyOf(request)
  const initiatedAtMs = server.clock.now()
  const draft = draftObject(request.headers, { bucket, key, nowMs: initiatedAtMs })
  const checksum = wantedChecksum(request)
  const upload = await bucket.uploads.create({ initiatedAtMs, draft, checksum })
  return xmlReply(
    buildXml('InitiateMultipartUploadResult', {
      Bucket: bucket.name,
      Key: key,
      UploadId: upload.uploadId,
    }),
    {
      headers: {
        'x-amz-checksum-algorithm': checksum?.algorithm,
        'x-amz-checksum-type': checksum?.type,
        'x-amz-server-side-encryption': draft.headers['x-amz-server-side-encryption'],
      },
    },
  )
}

/** CRC64NVME is of the whole object only, hashes of the parts only, CRC32 and CRC32C of either. */
function wantedChecksum({
  headers,
}: S3Request): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const name = headers['x-amz-checksum-algorithm']
  const type = headers['x-amz-checksum-type']?.toUpperCase()
  if (type !== undefined && type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw new S3Error('InvalidRequest', {
      message: 'Value for x-amz-checksum-type header is invalid.',
    })
  }
  if (name === undefined) {
    if (type === undefined) return undefined
    throw new S3Error('InvalidRequest', {
      message:
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    })
  }
  const algorithm = parseChecksumAlgorithm(name)
  const offered = typesOf(algorithm)
  const chosen = type ?? offered[0]
  if (chosen === undefined || !offered.includes(chosen)) {
    throw new S3Error('InvalidRequest', {
      message: `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    })
  }
  return { algorithm, type: chosen }
}

/** The default first. */
function typesOf(algorithm: ChecksumAlgorithm): readonly ChecksumType[] {
  if (algorithm === 'CRC64NVME') return ['FULL_OBJECT']
  if (algorithm === 'CRC32' || algorithm === 'CRC32C') return ['COMPOSITE', 'FULL_OBJECT']
  return ['COMPOSITE']
}
