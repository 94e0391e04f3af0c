import type { Bucket } from './bucket.ts'
import { checksumHeader } from './checksums.ts'
import { httpDate } from './http-dates.ts'
import { lockOfNewObject } from './object-lock.ts'
import type { ObjectDraft, ObjectVersion } from './object-version.ts'
import { S3Error } from './s3-error.ts'
import { parseTagHeader } from './tags.ts'

type Headers = Readonly<Record<string, string>>

const kept = new Set([
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
])

const storageClasses = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
])

export interface DraftContext {
  readonly bucket: Bucket
  readonly key: string
  readonly nowMs: number
}

/** What PutObject, CreateMultipartUpload and CopyObject say of the object to come. */
export function draftObject(headers: Headers, { bucket, key, nowMs }: DraftContext): ObjectDraft {
  refuseWhatIsNotOffered(headers)
  return {
    key,
    headers: storedHeaders(headers),
    tags: parseTagHeader(headers['x-amz-tagging']),
    ...lockOfNewObject(headers, bucket, nowMs),
  }
}

function storedHeaders(headers: Headers): Headers {
  const stored: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (kept.has(name) || name.startsWith('x-amz-meta-')) stored[name] = value
  }
  const encoding = withoutAwsChunked(headers['content-encoding'])
  if (encoding !== '') stored['content-encoding'] = encoding
  stored['content-type'] ||= 'binary/octet-stream'
  if (headers['x-amz-server-side-encryption']) stored['x-amz-server-side-encryption'] = 'AES256'
  const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD'
  if (!storageClasses.has(storageClass)) throw new S3Error('InvalidStorageClass')
  if (storageClass !== 'STANDARD') stored['x-amz-storage-class'] = storageClass
  checkMetadata(stored)
  return stored
}

/** Headers that GetObject and HeadObject answer for this version, but for length and range. */
export function describeVersion(bucket: Bucket, version: ObjectVersion): Record<string, string> {
  const { retention, tags } = version
  const tagCount = Object.keys(tags).length
  return {
    ...version.headers,
    'accept-ranges': 'bytes',
    etag: `"${version.etag}"`,
    'last-modified': httpDate(version.lastModifiedMs),
    ...versionHeader(bucket, version),
    ...(tagCount > 0 ? { 'x-amz-tagging-count': String(tagCount) } : {}),
    ...(retention
      ? {
          'x-amz-object-lock-mode': retention.mode,
          'x-amz-object-lock-retain-until-date': new Date(retention.untilMs).toISOString(),
        }
      : {}),
    ...(version.legalHold ? { 'x-amz-object-lock-legal-hold': 'ON' } : {}),
  }
}

/** None in a bucket that never had versioning. */
export function versionHeader(
  bucket: Bucket,
  { versionId }: ObjectVersion,
): Record<string, string> {
  return bucket.settings.versioning ? { 'x-amz-version-id': versionId } : {}
}

export function checksumHeaders({
  checksum,
}: Pick<ObjectVersion, 'checksum'>): Record<string, string> {
  if (!checksum) return {}
  return {
    [checksumHeader(checksum.algorithm)]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  }
}

export function storageClassOf({ headers }: ObjectVersion): string {
  return headers['x-amz-storage-class'] ?? 'STANDARD'
}

function withoutAwsChunked(encoding: string | undefined): string {
  const codings = (encoding ?? '').split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',')
}

function checkMetadata(stored: Headers): void {
  let bytes = 0
  for (const [name, value] of Object.entries(stored)) {
    if (name.startsWith('x-amz-meta-')) bytes += name.length - 'x-amz-meta-'.length + value.length
  }
  if (bytes > 2048) throw new S3Error('MetadataTooLarge')
}

function refuseWhatIsNotOffered(headers: Headers): void {
  const encryption = headers['x-amz-server-side-encryption']
  const customerKey = headers['x-amz-server-side-encryption-customer-algorithm']
  if ((encryption !== undefined && encryption !== 'AES256') || customerKey !== undefined) {
    throw new S3Error('NotImplemented', { message: 'Encryption with own keys is not offered.' })
  }
  const acl = headers['x-amz-acl'] ?? 'private'
  if (acl !== 'private' && acl !== 'bucket-owner-full-control') {
    throw new S3Error('AccessControlListNotSupported')
  }
}
