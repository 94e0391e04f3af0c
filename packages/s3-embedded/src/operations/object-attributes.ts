import { httpDate } from '../http-dates.ts'
import { storageClassOf, versionHeader } from '../object-headers.ts'
import type { ObjectVersion } from '../object-version.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import type { Handler, S3Request } from '../s3-request.ts'
import { buildXml, type XmlValue } from '../xml.ts'
import { checksumFields } from './checksum-fields.ts'
import { findVersion } from './find-version.ts'

const describers: Readonly<Record<string, (version: ObjectVersion) => XmlValue>> = {
  ETag: ({ etag }) => etag,
  Checksum: ({ checksum }) => checksum && checksumFields(checksum),
  ObjectParts: ({ uploadId, pieces }) =>
    uploadId === undefined ? undefined : { PartsCount: pieces.length },
  StorageClass: storageClassOf,
  ObjectSize: ({ bytes }) => bytes,
}

export const getObjectAttributes: Handler = async (request, server) => {
  const { bucket, version } = findVersion(request, server)
  const fields: Record<string, XmlValue> = {}
  for (const name of wantedAttributes(request)) fields[name] = describers[name]?.(version)
  return xmlReply(buildXml('GetObjectAttributesResponse', fields), {
    etag: version.etag,
    headers: {
      'last-modified': httpDate(version.lastModifiedMs),
      ...versionHeader(bucket, version),
    },
  })
}

function wantedAttributes({ headers }: S3Request): string[] {
  const names = (headers['x-amz-object-attributes'] ?? '').split(',').map((name) => name.trim())
  for (const name of names) {
    if (!Object.hasOwn(describers, name)) {
      throw new S3Error('InvalidArgument', { message: 'Invalid attribute name specified.' })
    }
  }
  return names
}
