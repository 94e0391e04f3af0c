import { createHash } from 'node:crypto'
import {
  checksumAlgorithms,
  checksumElement,
  checksumHeader,
  checksumOfParts,
  isChecksumValue,
  type StoredChecksum,
} from '../checksums.ts'
import { unquote, writePrecondition } from '../conditions.ts'
import { versionHeader } from '../object-headers.ts'
import { xmlReply } from '../reply.ts'
import { readText } from '../request-body.ts'
import { encodeKey } from '../request-target.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, keyOf, type Limits, type S3Request } from '../s3-request.ts'
import type { Upload, UploadedPart } from '../uploads.ts'
import { buildXml, parseXml, type XmlElement } from '../xml.ts'
import { checksumFields } from './checksum-fields.ts'

/**
 * Makes the object of the listed parts, all or nothing.
 *
 * Its time is that of CreateMultipartUpload, its ETag the MD5 of the parts' MD5s and their number.
 */
export const completeMultipartUpload: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const key = keyOf(request)
  const uploadId = request.query.get('uploadId') ?? ''
  const precondition = writePrecondition(request.headers)
  const text = await readText(request.body, { ignoreChecksumHeaders: true })
  const listed = readParts(parseXml(text, 'CompleteMultipartUpload'), server.limits)
  const version = await bucket.uploads.complete(key, uploadId, async (upload) => {
    const parts = matchParts(upload, listed, server.limits)
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
    checkObjectHeaders(request, upload, bytes)
    const pieces = parts.map((part) => part.piece)
    const result = await bucket.add(
      {
        ...upload.draft,
        isDeleteMarker: false,
        bytes,
        etag: etagOf(parts),
        lastModifiedMs: upload.initiatedAtMs,
        pieces,
        uploadId,
        checksum: objectChecksum(request, upload, parts),
      },
      precondition,
    )
    return { result, used: pieces }
  })
  return xmlReply(
    buildXml('CompleteMultipartUploadResult', {
      Location: `http://${request.headers['host'] ?? ''}/${bucket.name}/${encodeKey(key)}`,
      Bucket: bucket.name,
      Key: key,
      ETag: `"${version.etag}"`,
      ...checksumFields(version.checksum),
    }),
    { etag: version.etag, headers: versionHeader(bucket, version) },
  )
}

interface ListedPart {
  readonly number: number
  readonly etag: string
  readonly checksums: ReadonlyMap<string, string>
}

function readParts(root: XmlElement, limits: Limits): ListedPart[] {
  const listed = root.all('Part').map((element) => {
    const number = Number(element.requiredText('PartNumber'))
    if (!Number.isInteger(number)) throw new S3Error('MalformedXML')
    const checksums = new Map<string, string>()
    for (const algorithm of checksumAlgorithms) {
      const value = element.text(checksumElement(algorithm))
      if (value !== undefined) checksums.set(algorithm, value)
    }
    return { number, etag: unquote(element.requiredText('ETag').trim()), checksums }
  })
  if (listed.length === 0) {
    throw new S3Error('MalformedXML', { message: 'You must specify at least one part' })
  }
  if (listed.length > limits.maxParts) throw new S3Error('MalformedXML')
  for (const [at, part] of listed.entries()) {
    const before = listed[at - 1]
    if (before && before.number >= part.number) throw new S3Error('InvalidPartOrder')
  }
  return listed
}

/** Throws `InvalidPart`, `InvalidRequest` or `EntityTooSmall`. */
function matchParts(
  upload: Upload,
  listed: readonly ListedPart[],
  { minPartBytes }: Limits,
): UploadedPart[] {
  const parts = listed.map((wanted) => {
    const part = upload.parts.get(wanted.number)
    if (!part || part.etag !== wanted.etag) throw invalidPart(upload, wanted)
    checkPartChecksum(upload, wanted, part)
    return part
  })
  const small = parts.slice(0, -1).find((part) => part.bytes < minPartBytes)
  if (small) {
    throw new S3Error('EntityTooSmall', {
      details: {
        PartNumber: String(small.number),
        ProposedSize: String(small.bytes),
        MinSizeAllowed: String(minPartBytes),
        ETag: small.etag,
      },
    })
  }
  return parts
}

function checkPartChecksum(upload: Upload, wanted: ListedPart, part: UploadedPart): void {
  for (const [algorithm, value] of wanted.checksums) {
    if (part.checksum?.algorithm !== algorithm || part.checksum.value !== value) {
      throw invalidPart(upload, wanted)
    }
  }
  if (upload.checksum?.type === 'COMPOSITE' && wanted.checksums.size === 0) {
    const name = upload.checksum.algorithm.toLowerCase()
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using a ${name} checksum. The complete request must include the checksum for each part. It was missing for part ${wanted.number} in the request.`,
    })
  }
}

function invalidPart({ uploadId }: Upload, { number, etag }: ListedPart): S3Error {
  return new S3Error('InvalidPart', {
    details: { UploadId: uploadId, PartNumber: String(number), ETag: etag },
  })
}

function checkObjectHeaders({ headers }: S3Request, upload: Upload, bytes: number): void {
  const type = headers['x-amz-checksum-type']?.toUpperCase()
  if (type !== undefined && type !== (upload.checksum?.type ?? 'FULL_OBJECT')) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using the ${upload.checksum?.type ?? 'FULL_OBJECT'} checksum mode. The complete request must use the same checksum mode.`,
    })
  }
  const size = headers['x-amz-mp-object-size']
  if (size !== undefined && size !== String(bytes)) {
    throw new S3Error('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header does not match what was computed: ${bytes}`,
    })
  }
}

/** Compares a checksum of the whole object that the client sent; undefined when none is known. */
function objectChecksum(
  { headers }: S3Request,
  upload: Upload,
  parts: readonly UploadedPart[],
): StoredChecksum | undefined {
  const kind = upload.checksum ?? commonAlgorithm(parts)
  const values = parts.map((part) => ({ value: part.checksum?.value ?? '', bytes: part.bytes }))
  const made = kind && checksumOfParts(kind, values)
  for (const algorithm of checksumAlgorithms) {
    const given = headers[checksumHeader(algorithm)]
    if (given === undefined) continue
    const isWellFormed = isChecksumValue(algorithm, given.replace(/-\d+$/, ''))
    if (!isWellFormed || made?.algorithm !== algorithm) {
      throw new S3Error('InvalidRequest', {
        message: `Value for ${checksumHeader(algorithm)} header is invalid, or cannot be compared.`,
      })
    }
    if (made.value !== given) {
      throw new S3Error('BadDigest', {
        message: `The ${algorithm} you specified did not match the calculated checksum.`,
      })
    }
  }
  return made
}

/**
 * An upload that named no algorithm: where every part came with the same CRC, the whole object's
 * follows from them. (S3 itself would store a CRC64NVME then, whatever the parts came with.)
 */
function commonAlgorithm(
  parts: readonly UploadedPart[],
): Omit<StoredChecksum, 'value'> | undefined {
  const algorithm = parts[0]?.checksum?.algorithm
  if (algorithm === undefined || !algorithm.startsWith('CRC')) return undefined
  const isCommon = parts.every((part) => part.checksum?.algorithm === algorithm)
  return isCommon ? { algorithm, type: 'FULL_OBJECT' } : undefined
}

function etagOf(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part.etag, 'hex')
  return `${hash.digest('hex')}-${parts.length}`
}
