import type { OperationName } from './operation-name.ts'
import type { RequestTarget } from './request-target.ts'

export interface Routed {
  readonly method: string
  readonly target: RequestTarget
  readonly isCopy: boolean
}

/** The operation a request asks for. What S3 has and this server has not is `NotImplemented`. */
export function routeOf({ method, target, isCopy }: Routed): OperationName {
  const { bucket, key, query } = target
  const subresource = subresourceOf(query)
  if (subresource === unknown) return 'NotImplemented'
  if (bucket === undefined) return method === 'GET' ? 'ListBuckets' : 'MethodNotAllowed'
  const level = key === undefined ? 'bucket' : 'object'
  const route = `${method} ${level} ${subresource}`
  if (isCopy && (route === 'PUT object ' || route === 'PUT object uploadId')) {
    return subresource === '' ? 'CopyObject' : 'UploadPartCopy'
  }
  if (route === 'GET bucket ' && query.get('list-type') === '2') return 'ListObjectsV2'
  const found = routes[route]
  if (found) return found
  return subresource === '' ? 'MethodNotAllowed' : 'NotImplemented'
}

const routes: Readonly<Record<string, OperationName>> = {
  'GET bucket ': 'ListObjects',
  'PUT bucket ': 'CreateBucket',
  'HEAD bucket ': 'HeadBucket',
  'DELETE bucket ': 'DeleteBucket',
  'POST bucket delete': 'DeleteObjects',
  'GET bucket location': 'GetBucketLocation',
  'GET bucket versioning': 'GetBucketVersioning',
  'PUT bucket versioning': 'PutBucketVersioning',
  'GET bucket object-lock': 'GetObjectLockConfiguration',
  'PUT bucket object-lock': 'PutObjectLockConfiguration',
  'GET bucket lifecycle': 'GetBucketLifecycleConfiguration',
  'GET bucket versions': 'ListObjectVersions',
  'GET bucket uploads': 'ListMultipartUploads',
  'GET object ': 'GetObject',
  'PUT object ': 'PutObject',
  'HEAD object ': 'HeadObject',
  'DELETE object ': 'DeleteObject',
  'GET object attributes': 'GetObjectAttributes',
  'POST object uploads': 'CreateMultipartUpload',
  'PUT object uploadId': 'UploadPart',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
  'GET object uploadId': 'ListParts',
  'GET object tagging': 'GetObjectTagging',
  'PUT object tagging': 'PutObjectTagging',
  'DELETE object tagging': 'DeleteObjectTagging',
  'GET object retention': 'GetObjectRetention',
  'PUT object retention': 'PutObjectRetention',
  'GET object legal-hold': 'GetObjectLegalHold',
  'PUT object legal-hold': 'PutObjectLegalHold',
}

const unknown = 'unknown'

const known = new Set(
  Object.keys(routes)
    .map((route) => route.split(' ')[2] ?? '')
    .filter((name) => name !== ''),
)

/** Parameters of operations; they choose none. Presigned requests carry `x-amz-` ones of any name. */
const parameters = new Set([
  'bucket-region',
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'key-marker',
  'list-type',
  'marker',
  'max-buckets',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'partNumber',
  'prefix',
  'start-after',
  'upload-id-marker',
  'version-id-marker',
  'versionId',
  'x-id',
])

/** S3's own that are not offered here: to take one for a plain put or delete would be harmful. */
const notOffered = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'logging',
  'metadataConfiguration',
  'metadataTable',
  'metrics',
  'notification',
  'object-lock-configuration',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'renameObject',
  'replication',
  'requestPayment',
  'restore',
  'select',
  'session',
  'torrent',
  'website',
])

function subresourceOf(query: RequestTarget['query']): string {
  let found = ''
  for (const [name, value] of query) {
    if (known.has(name)) found = name
    else if (notOffered.has(name)) return unknown
    else if (value === '' && !isParameter(name)) return unknown
  }
  return found
}

function isParameter(name: string): boolean {
  const lower = name.toLowerCase()
  return parameters.has(name) || lower.startsWith('x-amz-') || lower.startsWith('response-')
}
