import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '@backstream/kernel'
import type { KeyPair } from './credentials.ts'
import { encodeKey, type RequestTarget } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import { type ChunkSigner, computeSignature, startChunkSigner } from './sigv4.ts'

/** How the body of an authenticated request is to be read and checked. */
export type Payload =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'aws-chunked'; readonly hasTrailer: boolean; readonly signer?: ChunkSigner }

export interface Authenticated {
  readonly caller: KeyPair
  readonly payload: Payload
}

export interface IncomingParts {
  readonly method: string
  readonly target: RequestTarget
  /** Names in lower case, several values of one name joined by commas. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Authority {
  readonly keys: ReadonlyMap<string, KeyPair>
  readonly region: string
  readonly clock: Clock
}

/**
 * Verifies Signature Version 4, in the header or in the query, of everything but the body.
 *
 * The body's hash or chunk signatures are part of what was verified; whoever reads the body must
 * compare them (`Payload`). Throws the error S3 answers.
 */
export async function authenticate(
  request: IncomingParts,
  authority: Authority,
): Promise<Authenticated> {
  const claim = readClaim(request)
  checkTimes(claim, authority.clock.now())
  if (claim.region !== authority.region) {
    throw new S3Error('AuthorizationHeaderMalformed', {
      message: `The region '${claim.region}' is wrong; expecting '${authority.region}'`,
      details: { Region: authority.region },
    })
  }
  const caller = authority.keys.get(claim.accessKeyId)
  if (!caller) {
    throw new S3Error('InvalidAccessKeyId', { details: { AWSAccessKeyId: claim.accessKeyId } })
  }
  if (claim.hasToken) throw new S3Error('InvalidToken')
  await checkSignature(request, claim, caller)
  return { caller, payload: await payloadOf(claim, caller) }
}

interface Claim {
  readonly accessKeyId: string
  readonly region: string
  readonly longDate: string
  readonly scopeDate: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly payloadHash: string
  readonly hasToken: boolean
  /** Seconds; only when the signature stands in the query. */
  readonly expiresIn: number | undefined
}

function readClaim(request: IncomingParts): Claim {
  const { headers, target } = request
  if (headers['authorization'] !== undefined) return headerClaim(headers['authorization'], headers)
  if (target.query.has('X-Amz-Algorithm') || target.query.has('X-Amz-Signature')) {
    return queryClaim(target.query, headers)
  }
  if (target.query.has('AWSAccessKeyId')) throw unsupportedMechanism()
  throw new S3Error('AccessDenied', { message: 'Anonymous requests are not allowed.' })
}

const headerForm =
  /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})\s*$/

function headerClaim(authorization: string, headers: IncomingParts['headers']): Claim {
  const match = headerForm.exec(authorization)
  if (!match) {
    if (authorization.startsWith('AWS4-HMAC-SHA256')) {
      throw new S3Error('AuthorizationHeaderMalformed')
    }
    throw unsupportedMechanism()
  }
  const [, credential = '', signedHeaders = '', signature = ''] = match
  const longDate = headers['x-amz-date'] ?? compactDate(headers['date'])
  if (longDate === undefined) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    })
  }
  const payloadHash = headers['x-amz-content-sha256']
  if (payloadHash === undefined) {
    throw new S3Error('MissingSecurityHeader', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    })
  }
  return {
    ...readCredential(credential, 'AuthorizationHeaderMalformed'),
    longDate,
    signedHeaders: signedHeaders.split(';'),
    signature,
    payloadHash,
    hasToken: headers['x-amz-security-token'] !== undefined,
    expiresIn: undefined,
  }
}

/** Signature Version 2, as S3 answers it for buckets made since 2020. */
function unsupportedMechanism(): S3Error {
  return new S3Error('InvalidRequest', {
    message:
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  })
}

function queryClaim(query: RequestTarget['query'], headers: IncomingParts['headers']): Claim {
  const malformed = 'AuthorizationQueryParametersError'
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') throw new S3Error(malformed)
  const longDate = query.get('X-Amz-Date')
  const signedHeaders = query.get('X-Amz-SignedHeaders')
  const signature = query.get('X-Amz-Signature')
  const expiresIn = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  if (longDate === undefined || signedHeaders === undefined || signature === undefined) {
    throw new S3Error(malformed)
  }
  if (!Number.isInteger(expiresIn) || expiresIn < 0 || expiresIn > 604_800) {
    throw new S3Error(malformed, {
      message: 'X-Amz-Expires must be between 0 and a week, in seconds',
    })
  }
  return {
    ...readCredential(query.get('X-Amz-Credential') ?? '', malformed),
    longDate,
    signedHeaders: signedHeaders.split(';'),
    signature,
    payloadHash:
      query.get('X-Amz-Content-Sha256') ?? headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    hasToken: query.has('X-Amz-Security-Token'),
    expiresIn,
  }
}

function readCredential(
  text: string,
  malformed: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): Pick<Claim, 'accessKeyId' | 'scopeDate' | 'region'> {
  const fields = text.split('/')
  const [scopeDate = '', region = '', service, terminator] = fields.slice(-4)
  const accessKeyId = fields.slice(0, -4).join('/')
  if (accessKeyId === '' || service !== 's3' || terminator !== 'aws4_request') {
    throw new S3Error(malformed, {
      message: 'The credential is malformed; expecting "<KEY>/YYYYMMDD/REGION/s3/aws4_request".',
    })
  }
  return { accessKeyId, scopeDate, region }
}

const allowedSkewMs = 15 * 60 * 1000

function checkTimes(claim: Claim, nowMs: number): void {
  const signedAtMs = parseLongDate(claim.longDate)
  if (signedAtMs === undefined || claim.longDate.slice(0, 8) !== claim.scopeDate) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid date that equals that of the credential scope',
    })
  }
  const details = {
    ServerTime: new Date(nowMs).toISOString(),
    RequestTime: new Date(signedAtMs).toISOString(),
  }
  if (claim.expiresIn === undefined) {
    if (Math.abs(nowMs - signedAtMs) > allowedSkewMs) {
      throw new S3Error('RequestTimeTooSkewed', {
        details: { ...details, MaxAllowedSkewMilliseconds: String(allowedSkewMs) },
      })
    }
  } else if (signedAtMs > nowMs + allowedSkewMs) {
    throw new S3Error('AccessDenied', { message: 'Request is not valid yet', details })
  } else if (nowMs > signedAtMs + claim.expiresIn * 1000) {
    throw new S3Error('AccessDenied', { message: 'Request has expired', details })
  }
}

function parseLongDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second] = match
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

function compactDate(httpDate: string | undefined): string | undefined {
  const ms = httpDate === undefined ? Number.NaN : Date.parse(httpDate)
  if (Number.isNaN(ms)) return undefined
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

async function checkSignature(request: IncomingParts, claim: Claim, key: KeyPair): Promise<void> {
  const { headers, target } = request
  checkCoverage(request, claim)
  const signed = Object.fromEntries(claim.signedHeaders.map((name) => [name, headers[name] ?? '']))
  const parts = {
    method: request.method,
    query: target.query,
    headers: signed,
    payloadHash: claim.payloadHash,
  }
  // Clients differ in what they escape in a path; S3 accepts the path as sent and in its own escaping.
  const asEncoded = encodeKey(
    `/${target.bucket ?? ''}${slashAfterBucket(target)}${target.key ?? ''}`,
  )
  for (const canonicalPath of new Set([target.rawPath, asEncoded])) {
    const expected = await computeSignature({ ...claim, ...key }, { ...parts, canonicalPath })
    if (isEqual(expected, claim.signature)) return
  }
  throw new S3Error('SignatureDoesNotMatch', { details: { AWSAccessKeyId: claim.accessKeyId } })
}

function slashAfterBucket({ rawPath, key }: RequestTarget): string {
  return key !== undefined || /^\/[^/]+\/$/.test(rawPath) ? '/' : ''
}

/** Everything S3 acts upon must be signed, or whoever stands between could change it. */
function checkCoverage({ headers }: IncomingParts, claim: Claim): void {
  const missing = Object.keys(headers).filter(
    (name) =>
      (name === 'host' || (name.startsWith('x-amz-') && name !== 'x-amz-content-sha256')) &&
      !claim.signedHeaders.includes(name),
  )
  if (missing.length > 0) {
    throw new S3Error('AccessDenied', {
      message: 'There were headers present in the request which were not signed',
      details: { HeadersNotSigned: missing.join(', ') },
    })
  }
}

function isEqual(expected: string, given: string): boolean {
  return (
    given.length === expected.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given))
  )
}

async function payloadOf(claim: Claim, key: KeyPair): Promise<Payload> {
  switch (claim.payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' }
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'aws-chunked', hasTrailer: true }
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return {
        kind: 'aws-chunked',
        hasTrailer: claim.payloadHash.endsWith('-TRAILER'),
        signer: await startChunkSigner({ ...claim, ...key }, claim.signature),
      }
    default:
      return { kind: 'sha256', hex: checkHex(claim.payloadHash) }
  }
}

function checkHex(hash: string): string {
  if (/^[0-9a-f]{64}$/.test(hash)) return hash
  throw new S3Error('InvalidArgument', {
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING- values, or a sha256 in lower-case hex.',
  })
}
