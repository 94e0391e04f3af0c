import type { Precondition } from './bucket.ts'
import type { ObjectVersion } from './object-version.ts'
import { S3Error } from './s3-error.ts'

export interface ReadConditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifUnmodifiedSince: string | undefined
}

type Headers = Readonly<Record<string, string>>

export function readConditions(headers: Headers): ReadConditions {
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
  }
}

export function copySourceConditions(headers: Headers): ReadConditions {
  return {
    ifMatch: headers['x-amz-copy-source-if-match'],
    ifNoneMatch: headers['x-amz-copy-source-if-none-match'],
    ifModifiedSince: headers['x-amz-copy-source-if-modified-since'],
    ifUnmodifiedSince: headers['x-amz-copy-source-if-unmodified-since'],
  }
}

/** Throws `PreconditionFailed`. An ETag that matches outweighs the date beside it. */
export function isModified(version: ObjectVersion, conditions: ReadConditions): boolean {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) throw failed('If-Match')
  } else if (isAfter(version, ifUnmodifiedSince)) {
    throw failed('If-Unmodified-Since')
  }
  if (ifNoneMatch !== undefined) return !matches(ifNoneMatch, version.etag)
  return isAfter(version, ifModifiedSince) ?? true
}

/** For PutObject and CompleteMultipartUpload. Throws `NotImplemented` for what S3 does not offer. */
export function writePrecondition(headers: Headers): Precondition {
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new S3Error('NotImplemented', { message: 'If-None-Match takes * only when writing.' })
  }
  return (current) => {
    if (ifNoneMatch !== undefined && current) throw failed('If-None-Match')
    if (ifMatch === undefined) return
    if (!current) throw new S3Error('NoSuchKey')
    if (!matches(ifMatch, current.etag)) throw failed('If-Match')
  }
}

/** True when one of the listed ETags, quoted or not, is this one. */
function matches(list: string, etag: string): boolean {
  return list.split(',').some((item) => {
    const given = item.trim().replace(/^W\//, '')
    return given === '*' || unquote(given) === etag
  })
}

export function unquote(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1')
}

/** Undefined when there is no date, or none that can be read. */
function isAfter(version: ObjectVersion, date: string | undefined): boolean | undefined {
  const ms = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(ms)) return undefined
  return Math.floor(version.lastModifiedMs / 1000) > Math.floor(ms / 1000)
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { details: { Condition: condition } })
}
