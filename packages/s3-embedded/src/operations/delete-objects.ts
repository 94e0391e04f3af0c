import type { Bucket } from '../bucket.ts'
import { writePrecondition } from '../conditions.ts'
import { mayDo, requireActions } from '../credentials.ts'
import { isLocked, type ObjectVersion } from '../object-version.ts'
import { xmlReply } from '../reply.ts'
import { readText } from '../request-body.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler, keyOf, type S3Request, type ServerState } from '../s3-request.ts'
import { buildXml, parseXml, type XmlElement, type XmlValue } from '../xml.ts'

export const deleteObject: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const target = { key: keyOf(request), versionId: request.query.get('versionId') }
  const { marker, versionId } = await deleteOne({ request, server, bucket }, target)
  return {
    status: 204,
    headers: {
      'x-amz-delete-marker': marker ? 'true' : undefined,
      'x-amz-version-id': versionId,
    },
  }
}

/** Up to 1,000 keys; each is answered for itself. */
export const deleteObjects: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  if (request.headers['content-md5'] === undefined && !request.body.checksumAlgorithm) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    })
  }
  const root = parseXml(await readText(request.body), 'Delete')
  const targets = root.all('Object').map(readTarget)
  if (targets.length === 0 || targets.length > 1000) throw new S3Error('MalformedXML')
  const isQuiet = root.text('Quiet')?.toLowerCase() === 'true'
  const deleted: XmlValue[] = []
  const errors: XmlValue[] = []
  for (const target of targets) {
    try {
      const done = await deleteOne({ request, server, bucket }, target)
      deleted.push({
        Key: target.key,
        VersionId: target.versionId,
        DeleteMarker: done.marker || undefined,
        DeleteMarkerVersionId: done.marker ? done.versionId : undefined,
      })
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      errors.push({
        Key: target.key,
        VersionId: target.versionId,
        Code: error.code,
        Message: error.message,
      })
    }
  }
  return xmlReply(
    buildXml('DeleteResult', { Deleted: isQuiet ? undefined : deleted, Error: errors }),
  )
}

interface Target {
  readonly key: string
  readonly versionId: string | undefined
  readonly ifMatch?: string | undefined
}

interface Context {
  readonly request: S3Request
  readonly server: ServerState
  readonly bucket: Bucket
}

interface Deleted {
  /** A delete marker was made, or was what was removed. */
  readonly marker: boolean
  readonly versionId: string | undefined
}

function readTarget(element: XmlElement): Target {
  const key = element.requiredText('Key')
  if (key === '') throw new S3Error('MalformedXML')
  const versionId = element.text('VersionId')
  return {
    key,
    versionId: versionId === '' ? undefined : versionId,
    ifMatch: element.text('ETag'),
  }
}

async function deleteOne(context: Context, target: Target): Promise<Deleted> {
  const { request, bucket } = context
  const action = target.versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
  requireActions(request.caller, [action])
  if (target.versionId !== undefined) return deleteVersion(context, target)
  const ifMatch = target.ifMatch ?? request.headers['if-match']
  const precondition = ifMatch === undefined ? () => {} : writePrecondition({ 'if-match': ifMatch })
  if (bucket.settings.versioning) {
    const marker = await addDeleteMarker(context, target.key, precondition)
    return { marker: true, versionId: marker.versionId }
  }
  await bucket.removeVersion(
    target.key,
    () => {
      const current = bucket.index.current(target.key)
      precondition(current)
      return current
    },
    () => {},
  )
  return { marker: false, versionId: undefined }
}

/** One that is not there is as good as deleted. */
async function deleteVersion(
  { request, server, bucket }: Context,
  target: Target,
): Promise<Deleted> {
  const { key, versionId = '' } = target
  const bypass =
    request.headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true' &&
    mayDo(request.caller, 's3:BypassGovernanceRetention')
  const removed = await bucket.removeVersion(
    key,
    () => bucket.index.find(key, versionId),
    (version) => {
      if (!isLocked(version, { nowMs: server.clock.now(), bypass })) return
      throw new S3Error('AccessDenied', {
        message: 'Access Denied because object protected by object lock.',
      })
    },
  )
  return { marker: removed?.isDeleteMarker ?? false, versionId }
}

async function addDeleteMarker(
  { server, bucket }: Context,
  key: string,
  precondition: (current: ObjectVersion | undefined) => void,
): Promise<ObjectVersion> {
  return bucket.add(
    {
      key,
      headers: {},
      tags: {},
      legalHold: false,
      isDeleteMarker: true,
      bytes: 0,
      etag: '',
      lastModifiedMs: server.clock.now(),
      pieces: [],
    },
    precondition,
  )
}
