import { S3Error } from './s3-error.ts'

/** Where a request points. `bucket` and `key` are decoded; a key is never turned into a path. */
export interface RequestTarget {
  /** As it came on the wire, without the query. */
  readonly rawPath: string
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly query: Query
}

export type Query = ReadonlyMap<string, string>

/** Path-style only. Throws `InvalidURI` for broken escapes. Nothing is normalised: `..` is a key like any other. */
export function parseTarget(url: string): RequestTarget {
  const origin = /^https?:\/\/[^/?]*/i.exec(url)?.[0] ?? ''
  const [rawPath = '', ...rest] = url.slice(origin.length).split('?')
  const query = parseQuery(rest.join('?'))
  const path = rawPath.replace(/^\//, '')
  const slash = path.indexOf('/')
  const bucket = decode(slash < 0 ? path : path.slice(0, slash))
  const key = slash < 0 ? '' : decode(path.slice(slash + 1))
  return {
    rawPath: rawPath === '' ? '/' : rawPath,
    bucket: bucket === '' ? undefined : bucket,
    key: key === '' ? undefined : key,
    query,
  }
}

function parseQuery(text: string): Query {
  const query = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = at < 0 ? pair : pair.slice(0, at)
    const value = at < 0 ? '' : pair.slice(at + 1)
    query.set(decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' ')))
  }
  return query
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new S3Error('InvalidURI', { cause })
  }
}

/** Escapes as S3 does in listings with `encoding-type=url`: all but unreserved characters and `/`. */
export function encodeKey(key: string): string {
  return key
    .split('/')
    .map((segment) => encodeRfc3986(segment))
    .join('/')
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
