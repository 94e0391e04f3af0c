import type { Bucket } from '../bucket.ts'
import { isoDate } from '../http-dates.ts'
import { storageClassOf } from '../object-headers.ts'
import { xmlReply } from '../reply.ts'
import { S3Error } from '../s3-error.ts'
import { bucketOf, type Handler } from '../s3-request.ts'
import { type Walked, walkKeys } from '../walk-keys.ts'
import { buildXml, type XmlValue } from '../xml.ts'
import {
  commonPrefixes,
  type ListQuery,
  type Page,
  parseListQuery,
  takePage,
} from './list-query.ts'
import { owner } from './owner.ts'

export const listObjectsV2: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const list = parseListQuery(request, 'max-keys')
  const token = request.query.get('continuation-token')
  const startAfter = request.query.get('start-after') ?? ''
  const page = pageOf(bucket, list, token === undefined ? startAfter : readToken(token))
  const last = page.items.at(-1)
  const withOwner = request.query.get('fetch-owner') === 'true'
  return xmlReply(
    buildXml('ListBucketResult', {
      ...head(bucket, list, page),
      StartAfter: request.query.has('start-after') ? list.encode(startAfter) : undefined,
      KeyCount: page.items.length,
      ContinuationToken: token,
      NextContinuationToken: page.isTruncated && last ? writeToken(last.key) : undefined,
      Contents: contents(bucket, list, { page, withOwner }),
      CommonPrefixes: commonPrefixes(page.items, list.encode),
    }),
  )
}

export const listObjects: Handler = async (request, server) => {
  const bucket = bucketOf(request, server)
  const list = parseListQuery(request, 'max-keys')
  const marker = request.query.get('marker') ?? ''
  const page = pageOf(bucket, list, marker)
  const last = page.items.at(-1)
  // Without a delimiter the client takes the last key, as S3 documents.
  const isMarked = page.isTruncated && last && list.delimiter !== ''
  return xmlReply(
    buildXml('ListBucketResult', {
      ...head(bucket, list, page),
      Marker: list.encode(marker),
      NextMarker: isMarked ? list.encode(last.key) : undefined,
      Contents: contents(bucket, list, { page, withOwner: true }),
      CommonPrefixes: commonPrefixes(page.items, list.encode),
    }),
  )
}

function pageOf(bucket: Bucket, list: ListQuery, after: string): Page<Walked> {
  const { prefix, delimiter } = list
  const isVisible = (key: string): boolean => bucket.index.current(key) !== undefined
  return takePage(walkKeys(bucket.index.keys, { prefix, delimiter, after, isVisible }), list.limit)
}

function head(bucket: Bucket, list: ListQuery, page: Page<Walked>): { [name: string]: XmlValue } {
  return {
    Name: bucket.name,
    Prefix: list.encode(list.prefix),
    Delimiter: list.delimiter === '' ? undefined : list.encode(list.delimiter),
    MaxKeys: list.limit,
    EncodingType: list.encodingType,
    IsTruncated: page.isTruncated,
  }
}

function contents(
  bucket: Bucket,
  list: ListQuery,
  { page, withOwner }: { page: Page<Walked>; withOwner: boolean },
): XmlValue {
  return page.items
    .map(({ key, kind }) => (kind === 'key' ? bucket.index.current(key) : undefined))
    .filter((version) => version !== undefined)
    .map((version) => ({
      Key: list.encode(version.key),
      LastModified: isoDate(version.lastModifiedMs),
      ETag: `"${version.etag}"`,
      ChecksumAlgorithm: version.checksum?.algorithm,
      ChecksumType: version.checksum?.type,
      Size: version.bytes,
      Owner: withOwner ? owner : undefined,
      StorageClass: storageClassOf(version),
    }))
}

/** Opaque to clients: the last entry of the page before, marked as ours. */
function writeToken(last: string): string {
  return Buffer.from(`1${last}`).toString('base64url')
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  if (text.startsWith('1') && writeToken(text.slice(1)) === token) return text.slice(1)
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' })
}
