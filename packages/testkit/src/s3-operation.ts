import type { IncomingMessage } from 'node:http'

export type S3Operation =
  | 'ListObjects'
  | 'ListObjectVersions'
  | 'ListMultipartUploads'
  | 'ListParts'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Other'

export interface S3Target {
  readonly operation: S3Operation
  /** The object's key; of a listing its prefix. */
  readonly key: string
}

/** What a path-style request is about. */
export function s3TargetOf(request: IncomingMessage): S3Target {
  const url = new URL(request.url ?? '/', 'http://s3')
  const query = url.searchParams
  const [, path = ''] = /^\/[^/]+\/(.*)$/s.exec(url.pathname) ?? []
  const operation = operationOf(`${request.method} ${path === '' ? 'bucket' : 'object'}`, query)
  const key = path === '' ? (query.get('prefix') ?? '') : decodeURIComponent(path)
  return { operation, key }
}

/** In order: the first whose query parameter is there names the operation; '' is there always. */
const operations: Readonly<Record<string, readonly (readonly [string, S3Operation])[]>> = {
  'GET bucket': [
    ['uploads', 'ListMultipartUploads'],
    ['versions', 'ListObjectVersions'],
    ['location', 'Other'],
    ['versioning', 'Other'],
    ['', 'ListObjects'],
  ],
  'POST bucket': [['delete', 'DeleteObjects']],
  'GET object': [
    ['uploadId', 'ListParts'],
    ['', 'GetObject'],
  ],
  'HEAD object': [['', 'HeadObject']],
  'PUT object': [
    ['partNumber', 'UploadPart'],
    ['tagging', 'Other'],
    ['', 'PutObject'],
  ],
  'POST object': [
    ['uploads', 'CreateMultipartUpload'],
    ['uploadId', 'CompleteMultipartUpload'],
  ],
  'DELETE object': [
    ['uploadId', 'AbortMultipartUpload'],
    ['', 'DeleteObject'],
  ],
}

function operationOf(what: string, query: URLSearchParams): S3Operation {
  const found = operations[what]?.find(([name]) => name === '' || query.has(name))
  return found?.[1] ?? 'Other'
}
