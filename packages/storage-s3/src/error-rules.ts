import type { StorageErrorCode } from '@backstream/storage'

/** What one kind of answer means, in our words. */
export interface ErrorRule {
  readonly code: StorageErrorCode
  readonly words: string
  readonly remedy?: string
  /** Where it differs from what the code implies. */
  readonly permanent?: boolean
  /** The store certainly did not do what it was asked, although the code alone would not say so. */
  readonly isUndone?: boolean
}

const checkRegion = 'Set the region of the bucket, and check the endpoint and pathStyle.'
const checkKeys = 'Check accessKeyId and secretAccessKey, and that the key is active.'
const checkNetwork = 'Check the endpoint, and whether this machine can reach it.'
const trustAuthority = 'Name the authority that signed it as caFile.'

const conflict: ErrorRule = {
  code: 'unavailable',
  words: 'another request on the same key is under way',
  isUndone: true,
}
const slowDown: ErrorRule = { code: 'throttled', words: 'the store asks for fewer requests' }
const refusedKeys: ErrorRule = {
  code: 'bad-credentials',
  words: 'the store refuses the credentials',
  remedy: checkKeys,
}
const expired: ErrorRule = {
  code: 'bad-credentials',
  words: 'the temporary credentials have expired',
  remedy: 'Renew the session token, or use credentials that renew themselves.',
  permanent: false,
}
const skewed: ErrorRule = {
  code: 'bad-credentials',
  words: 'the clock of this machine differs too much from the clock of the store',
  remedy: 'Set the clock, by NTP for instance.',
}
const noCredentials: ErrorRule = {
  code: 'bad-credentials',
  words: 'no credentials were found',
  remedy: 'Configure credentials, or give the AWS default chain some.',
}
const elsewhere: ErrorRule = {
  code: 'invalid-request',
  words: 'the bucket is in another region or behind another endpoint',
  remedy: checkRegion,
}
const noRegion: ErrorRule = {
  code: 'invalid-request',
  words: 'no region is known',
  remedy: 'Set region, or AWS_REGION; and endpoint, for a store that is not AWS.',
}
const notFound: ErrorRule = { code: 'not-found', words: 'there is no such object' }
const noUpload: ErrorRule = { code: 'no-such-upload', words: 'there is no such upload' }
const damaged: ErrorRule = {
  code: 'network',
  words: 'the bytes arrived damaged, and the store refused them',
  isUndone: true,
}
const full: ErrorRule = {
  code: 'unavailable',
  words: 'the store is full, or a quota is used up',
  remedy: 'Free space or raise the quota.',
  isUndone: true,
}
const worm: ErrorRule = {
  code: 'locked',
  words: 'the object is protected by a lock or retention',
  remedy: 'Wait for the retention to end.',
}
const denied: ErrorRule = {
  code: 'access-denied',
  words: 'the credentials may not do this',
  remedy: '`backstream doctor --policy` prints the permissions that a role needs.',
}
const unsupported: ErrorRule = { code: 'unsupported', words: 'the store does not offer this' }
const badRequest: ErrorRule = { code: 'invalid-request', words: 'the store refuses the request' }
const internal: ErrorRule = { code: 'unavailable', words: 'the store had an internal error' }
const unavailable: ErrorRule = { code: 'unavailable', words: 'the store is not available' }
const timedOut: ErrorRule = { code: 'timeout', words: 'the store did not answer in time' }

/** By the code in the answer's body, which the SDK makes the error's name. */
export const rulesByProviderCode: ReadonlyMap<string, ErrorRule> = new Map(
  Object.entries({
    AccessDenied: denied,
    AccountProblem: denied,
    AllAccessDisabled: denied,
    UnauthorizedAccess: denied,
    AuthorizationHeaderMalformed: elsewhere,
    IllegalLocationConstraintException: elsewhere,
    PermanentRedirect: elsewhere,
    Redirect: elsewhere,
    TemporaryRedirect: elsewhere,
    BadDigest: damaged,
    InvalidDigest: damaged,
    XAmzContentChecksumMismatch: damaged,
    XAmzContentSHA256Mismatch: damaged,
    ConditionalRequestConflict: conflict,
    OperationAborted: conflict,
    CredentialsProviderError: noCredentials,
    ExpiredToken: expired,
    ExpiredTokenException: expired,
    TokenRefreshRequired: expired,
    InvalidAccessKeyId: refusedKeys,
    InvalidToken: refusedKeys,
    NotSignedUp: refusedKeys,
    SignatureDoesNotMatch: refusedKeys,
    RequestExpired: skewed,
    RequestTimeTooSkewed: skewed,
    InsufficientStorage: full,
    QuotaExceeded: full,
    XMinioStorageFull: full,
    InternalError: internal,
    InvalidObjectState: {
      code: 'invalid-request',
      words: 'the object lies in an archive tier and cannot be read',
      remedy: 'Restore it to a readable tier first.',
    },
    InvalidPart: { code: 'corrupt', words: 'a stored part is not the one that was sent' },
    InvalidRange: {
      code: 'invalid-request',
      words: 'the object has no bytes in the range asked for',
    },
    MethodNotAllowed: unsupported,
    NotImplemented: unsupported,
    XNotImplemented: unsupported,
    NoSuchBucket: {
      code: 'no-such-bucket',
      words: 'there is no such bucket',
      remedy: 'Create the bucket, or correct its name.',
    },
    NoSuchKey: notFound,
    NoSuchVersion: notFound,
    NotFound: notFound,
    NoSuchUpload: noUpload,
    ObjectLocked: worm,
    RequestTimeout: timedOut,
    ServiceUnavailable: unavailable,
    SlowDown: slowDown,
    Throttling: slowDown,
    ThrottlingException: slowDown,
    TooManyRequests: slowDown,
    RequestLimitExceeded: slowDown,
  }),
)

/** Where the answer carried no code we know: proxies, HEAD requests, stores with names of their own. */
export const rulesByHttpStatus: ReadonlyMap<number, ErrorRule> = new Map([
  [301, elsewhere],
  [307, elsewhere],
  [308, elsewhere],
  [400, badRequest],
  [401, refusedKeys],
  [403, denied],
  [404, notFound],
  [405, unsupported],
  [408, timedOut],
  [409, conflict],
  [411, unsupported],
  [416, { code: 'invalid-request', words: 'the object has no bytes in the range asked for' }],
  [429, slowDown],
  [500, internal],
  [501, unsupported],
  [502, unavailable],
  [503, unavailable],
  [504, timedOut],
  [507, full],
])

const unreachable: ErrorRule = {
  code: 'network',
  words: 'the store cannot be reached',
  remedy: checkNetwork,
  isUndone: true,
}
const untrusted: ErrorRule = {
  code: 'network',
  words: "the store's certificate is not trusted",
  remedy: trustAuthority,
  permanent: true,
  isUndone: true,
}
const cut: ErrorRule = { code: 'network', words: 'the connection to the store was cut' }

/** By the `code` of a system, TLS or HTTP parser error. */
export const rulesBySystemCode: ReadonlyMap<string, ErrorRule> = new Map([
  ['ECONNREFUSED', unreachable],
  ['EHOSTUNREACH', unreachable],
  ['ENETUNREACH', unreachable],
  ['ENOTFOUND', unreachable],
  ['EAI_AGAIN', unreachable],
  ['ECONNRESET', cut],
  ['ECONNABORTED', cut],
  ['EPIPE', cut],
  ['ERR_STREAM_PREMATURE_CLOSE', cut],
  ['ETIMEDOUT', timedOut],
  [
    'CERT_HAS_EXPIRED',
    { ...untrusted, words: "the store's certificate has expired", remedy: 'Renew it.' },
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    {
      ...untrusted,
      words: "the store's certificate is for another name",
      remedy: 'Correct the endpoint, or use pathStyle.',
    },
  ],
  [
    'EPROTO',
    { ...untrusted, words: 'the store does not speak TLS there', remedy: 'Correct the endpoint.' },
  ],
])

/** What the SDK says before it sends anything, by its message alone. */
export const noRegionMessage = 'Region is missing'
export const noRegionRule: ErrorRule = noRegion
export const lockedMessage: RegExp = /object.?lock|WORM|retention|legal.?hold/i
export const lockedRule: ErrorRule = worm
export const skewCorrectedRule: ErrorRule = {
  code: 'unavailable',
  words: "the request was signed by a wrong clock; the next is signed by the store's",
  isUndone: true,
}
export const connectTimeoutRule: ErrorRule = { ...unreachable, code: 'timeout' }
export const timeoutRule: ErrorRule = timedOut
export const unreadableRule: ErrorRule = {
  code: 'unavailable',
  words: 'the answer of the store cannot be understood',
}
