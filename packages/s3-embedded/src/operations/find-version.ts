import type { Bucket } from '../bucket.ts'
import { mayDo } from '../credentials.ts'
import { httpDate } from '../http-dates.ts'
import type { ObjectVersion } from '../object-version.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, keyOf, type S3Request, type ServerState } from '../s3-request.ts'

export interface Found {
  readonly bucket: Bucket
  readonly version: ObjectVersion
}

/** The version a request names, or the current one. Throws what S3 answers for one that is not there. */
export function findVersion(request: S3Request, server: ServerState): Found {
  const bucket = bucketOf(request, server)
  const key = keyOf(request)
  const version = pickVersion(bucket, key, request.query.get('versionId'))
  if (version) return { bucket, version }
  // Who may not list learns nothing about which keys exist.
  if (!mayDo(request.caller, 's3:ListBucket')) throw new S3Error('AccessDenied')
  const newest = bucket.index.newest(key)
  throw new S3Error('NoSuchKey', {
    details: { Key: key },
    headers: newest ? markerHeaders(newest) : {},
  })
}

/** Undefined when the key has no current version. Throws for a version id that is not there. */
export function pickVersion(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): ObjectVersion | undefined {
  if (versionId === undefined) return bucket.index.current(key)
  const version = bucket.index.find(key, versionId)
  if (!version) {
    throw new S3Error('NoSuchVersion', { details: { Key: key, VersionId: versionId } })
  }
  if (version.isDeleteMarker) {
    throw new S3Error('MethodNotAllowed', {
      details: { Method: 'GET', ResourceType: 'DeleteMarker' },
      headers: { ...markerHeaders(version), allow: 'DELETE' },
    })
  }
  return version
}

function markerHeaders(marker: ObjectVersion): Record<string, string> {
  return {
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': marker.versionId,
    'last-modified': httpDate(marker.lastModifiedMs),
  }
}
