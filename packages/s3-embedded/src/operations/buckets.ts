import { isoDate } from '../http-dates.ts'
import { xmlReply } from '../reply.ts'
import { readText } from '../request-body.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler } from '../s3-request.ts'
import { buildXml, parseXml } from '../xml.ts'
import { owner } from './owner.ts'

export const listBuckets: Handler = async ({ query }, { store, region }) => {
  const prefix = query.get('prefix') ?? ''
  const buckets = store.list().filter(({ name }) => name.startsWith(prefix))
  return xmlReply(
    buildXml('ListAllMyBucketsResult', {
      Owner: owner,
      Buckets: {
        Bucket: buckets.map(({ name, settings }) => ({
          Name: name,
          CreationDate: isoDate(settings.createdAtMs),
          BucketRegion: region,
        })),
      },
    }),
  )
}

export const createBucket: Handler = async (request, { store, clock, region }) => {
  const name = checkBucketName(request.bucketName ?? '')
  const text = await readText(request.body)
  const wanted =
    text === '' ? undefined : parseXml(text, 'CreateBucketConfiguration').text('LocationConstraint')
  if (wanted !== undefined && wanted !== '' && wanted !== region) {
    throw new S3Error('IllegalLocationConstraintException')
  }
  const objectLock = request.headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true'
  const reply = { status: 200, headers: { location: `/${name}` } }
  // In us-east-1, and only there, S3 answers the owner's second create with success.
  if (store.has(name) && region === 'us-east-1') return reply
  await store.create(name, {
    createdAtMs: clock.now(),
    objectLock,
    ...(objectLock ? { versioning: 'Enabled' } : {}),
  })
  return reply
}

export const headBucket: Handler = async (request, server) => {
  bucketOf(request, server)
  return { status: 200, headers: { 'x-amz-bucket-region': server.region } }
}

export const deleteBucket: Handler = async ({ bucketName }, { store }) => {
  await store.delete(bucketName ?? '')
  return { status: 204 }
}

export const getBucketLocation: Handler = async (request, server) => {
  bucketOf(request, server)
  const location = server.region === 'us-east-1' ? '' : server.region
  return xmlReply(buildXml('LocationConstraint', { '#text': location }))
}

export const getBucketVersioning: Handler = async (request, server) => {
  const { versioning } = bucketOf(request, server).settings
  return xmlReply(buildXml('VersioningConfiguration', { Status: versioning }))
}

export const putBucketVersioning: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const status = parseXml(await readText(request.body), 'VersioningConfiguration').text('Status')
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('MalformedXML')
  await bucket.changeSettings((settings) => {
    if (settings.objectLock && status === 'Suspended') {
      throw new S3Error('InvalidBucketState', {
        message:
          'An Object Lock configuration is present on this bucket: versioning stays enabled.',
      })
    }
    return { ...settings, versioning: status }
  })
  return { status: 200 }
}

export const getBucketLifecycle: Handler = async (request, server) => {
  bucketOf(request, server)
  throw new S3Error('NoSuchLifecycleConfiguration')
}

/** The name becomes a directory of the data directory, so nothing but S3's own rules gets through. */
export function checkBucketName(name: string): string {
  const isValid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !/\.\.|\.-|-\./.test(name) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  if (!isValid) throw new S3Error('InvalidBucketName', { details: { BucketName: name } })
  return name
}
