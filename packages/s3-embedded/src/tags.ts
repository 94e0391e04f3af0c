import { S3Error } from './s3-error.ts'

export type Tags = Readonly<Record<string, string>>

/** Of the x-amz-tagging header: written like a query. */
export function parseTagHeader(header: string | undefined): Tags {
  if (header === undefined || header === '') return {}
  return checkTags([...new URLSearchParams(header)])
}

/** Throws `InvalidTag` or `BadRequest`, by S3's limits. */
export function checkTags(pairs: readonly (readonly [string, string])[]): Tags {
  if (pairs.length > 10) {
    throw new S3Error('BadRequest', { message: 'Object tags cannot be greater than 10' })
  }
  for (const [name, value] of pairs) {
    if (name === '' || name.length > 128 || value.length > 256) throw new S3Error('InvalidTag')
  }
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new S3Error('InvalidTag', { message: 'Cannot provide multiple Tags with the same key' })
  }
  return Object.fromEntries(pairs)
}
