import { encodeKey } from '../request-target.ts'
import { S3Error } from '../s3-error.ts'
import { countOf, type S3Request } from '../s3-request.ts'
import type { Walked } from '../walk-keys.ts'

/** What the listings have in common. */
export interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  readonly limit: number
  /** Escapes a key when the client asked for it. */
  readonly encode: (key: string) => string
  readonly encodingType: 'url' | undefined
}

export function parseListQuery(request: S3Request, limitName: string): ListQuery {
  const { query } = request
  const encodingType = query.get('encoding-type')
  if (encodingType !== undefined && encodingType !== 'url') {
    throw new S3Error('InvalidArgument', {
      message: 'Invalid Encoding Method specified in Request',
    })
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: Math.min(countOf(request, limitName, 1000), 1000),
    encode: encodingType ? encodeKey : (key) => key,
    encodingType,
  }
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly isTruncated: boolean
}

/** The first `limit` items, and whether there are more. A limit of 0 is never truncated, as in S3. */
export function takePage<T>(items: Iterable<T>, limit: number): Page<T> {
  const taken: T[] = []
  if (limit === 0) return { items: taken, isTruncated: false }
  for (const item of items) {
    if (taken.length === limit) return { items: taken, isTruncated: true }
    taken.push(item)
  }
  return { items: taken, isTruncated: false }
}

export function commonPrefixes(
  items: readonly (Walked | { readonly kind: string; readonly key: string })[],
  encode: ListQuery['encode'],
): { Prefix: string }[] {
  return items.filter(({ kind }) => kind === 'prefix').map(({ key }) => ({ Prefix: encode(key) }))
}
