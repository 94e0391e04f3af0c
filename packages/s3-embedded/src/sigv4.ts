import { createHash, createHmac } from 'node:crypto'
import {
  createScope,
  getCanonicalHeaders,
  getCanonicalQuery,
  getSigningKey,
} from '@smithy/signature-v4'
import { NodeSha256 } from './node-sha256.ts'

/** What Signature Version 4 covers of a request. */
export interface SignedParts {
  readonly method: string
  readonly canonicalPath: string
  readonly query: ReadonlyMap<string, string>
  /** Only those that are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly payloadHash: string
}

export interface SigningScope {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** `20261123T031500Z` */
  readonly longDate: string
}

/** Continues a signature from chunk to chunk of an aws-chunked body. */
export interface ChunkSigner {
  readonly seed: string
  signChunk(previous: string, sha256Hex: string): string
  signTrailer(previous: string, sha256Hex: string): string
}

const emptySha256 = createHash('sha256').digest('hex')

/** Lower-case hex. */
export async function computeSignature(scope: SigningScope, parts: SignedParts): Promise<string> {
  const names = Object.keys(parts.headers).sort()
  const headers = getCanonicalHeaders(
    { ...requestShape, headers: { ...parts.headers } },
    undefined,
    new Set(names),
  )
  const canonicalRequest = [
    parts.method,
    parts.canonicalPath,
    getCanonicalQuery({ ...requestShape, query: Object.fromEntries(parts.query) }),
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    names.join(';'),
    parts.payloadHash,
  ].join('\n')
  const hash = createHash('sha256').update(canonicalRequest).digest('hex')
  const text = ['AWS4-HMAC-SHA256', scope.longDate, scopeText(scope), hash].join('\n')
  return hmacHex(await signingKey(scope), text)
}

export async function startChunkSigner(scope: SigningScope, seed: string): Promise<ChunkSigner> {
  const key = await signingKey(scope)
  const sign = (kind: string, rest: readonly string[]): string =>
    hmacHex(key, [`AWS4-HMAC-SHA256-${kind}`, scope.longDate, scopeText(scope), ...rest].join('\n'))
  return {
    seed,
    signChunk: (previous, sha256Hex) => sign('PAYLOAD', [previous, emptySha256, sha256Hex]),
    signTrailer: (previous, sha256Hex) => sign('TRAILER', [previous, sha256Hex]),
  }
}

const requestShape = { method: 'GET', protocol: 'http:', hostname: '', path: '/', headers: {} }

function scopeText({ longDate, region }: SigningScope): string {
  return createScope(longDate.slice(0, 8), region, 's3')
}

async function signingKey(scope: SigningScope): Promise<Uint8Array> {
  const { accessKeyId, secretAccessKey, longDate, region } = scope
  const credentials = { accessKeyId, secretAccessKey }
  return getSigningKey(NodeSha256, credentials, longDate.slice(0, 8), region, 's3')
}

function hmacHex(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}
