import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StorageError, type StorageErrorCode } from '@backstream/storage'
import { translateError } from './translate-error.ts'

interface Row {
  /** As the SDK throws it: the store's code or the error's own name, system code, HTTP status. */
  readonly name: string
  readonly code?: string
  readonly status?: number
  readonly message?: string
  readonly read: StorageErrorCode
  /** Of a request that changes something, where it is another one. */
  readonly changed?: StorageErrorCode
  readonly permanent?: boolean
}

const table: readonly Row[] = [
  { name: 'Error', message: 'Region is missing', read: 'invalid-request', permanent: true },
  { name: 'NoSuchKey', status: 404, read: 'not-found' },
  { name: 'NotFound', status: 404, read: 'not-found' },
  { name: 'UnknownError', status: 404, read: 'not-found' },
  { name: 'NoSuchVersion', status: 404, read: 'not-found' },
  { name: 'NoSuchBucket', status: 404, read: 'no-such-bucket', permanent: true },
  { name: 'NoSuchUpload', status: 404, read: 'no-such-upload' },
  { name: 'AccessDenied', status: 403, read: 'access-denied', permanent: true },
  { name: '403', status: 403, read: 'access-denied', permanent: true },
  {
    name: 'AccessDenied',
    status: 403,
    message: 'Access Denied because object protected by object lock.',
    read: 'access-denied',
    changed: 'locked',
    permanent: true,
  },
  {
    name: 'ObjectLockConfigurationNotFoundError',
    status: 404,
    message: 'Object Lock configuration does not exist for this bucket',
    read: 'not-found',
  },
  { name: 'ObjectLocked', status: 400, read: 'locked', permanent: true },
  { name: 'SignatureDoesNotMatch', status: 403, read: 'bad-credentials', permanent: true },
  { name: 'InvalidAccessKeyId', status: 403, read: 'bad-credentials', permanent: true },
  { name: 'CredentialsProviderError', read: 'bad-credentials', permanent: true },
  { name: 'RequestTimeTooSkewed', status: 403, read: 'bad-credentials', permanent: true },
  { name: 'ExpiredToken', status: 400, read: 'bad-credentials', permanent: false },
  { name: 'PermanentRedirect', status: 301, read: 'invalid-request', permanent: true },
  { name: 'AuthorizationHeaderMalformed', status: 400, read: 'invalid-request' },
  { name: 'PreconditionFailed', status: 412, read: 'invalid-request' },
  { name: 'ConditionalRequestConflict', status: 409, read: 'unavailable' },
  { name: 'InvalidRange', status: 416, read: 'invalid-request', permanent: true },
  { name: 'InvalidArgument', status: 400, read: 'invalid-request', permanent: true },
  { name: 'InvalidPart', status: 400, read: 'corrupt', permanent: false },
  { name: 'BadDigest', status: 400, read: 'network' },
  { name: 'QuotaExceeded', status: 403, read: 'unavailable' },
  { name: 'SlowDown', status: 503, read: 'throttled' },
  { name: 'UnknownError', status: 429, read: 'throttled' },
  { name: 'NotImplemented', status: 501, read: 'unsupported', permanent: true },
  { name: 'MethodNotAllowed', status: 405, read: 'unsupported' },
  { name: 'InternalError', status: 500, read: 'unavailable', changed: 'unknown-outcome' },
  {
    name: 'ServiceUnavailable',
    status: 503,
    read: 'unavailable',
    changed: 'unknown-outcome',
  },
  { name: '502', status: 502, read: 'unavailable', changed: 'unknown-outcome' },
  { name: '504', status: 504, read: 'timeout', changed: 'unknown-outcome' },
  { name: '599', status: 599, read: 'unavailable', changed: 'unknown-outcome' },
  { name: '418', status: 418, read: 'invalid-request' },
  { name: 'SyntaxError', status: 200, read: 'unavailable', changed: 'unknown-outcome' },
  { name: 'Error', code: 'ECONNREFUSED', read: 'network' },
  { name: 'Error', code: 'ENOTFOUND', read: 'network' },
  { name: 'Error', code: 'EAI_AGAIN', read: 'network' },
  { name: 'TimeoutError', code: 'ECONNRESET', read: 'network', changed: 'unknown-outcome' },
  { name: 'TimeoutError', code: 'EPIPE', read: 'network', changed: 'unknown-outcome' },
  { name: 'TimeoutError', code: 'ETIMEDOUT', read: 'timeout', changed: 'unknown-outcome' },
  { name: 'TimeoutError', read: 'timeout', changed: 'unknown-outcome' },
  {
    name: 'TimeoutError',
    message: 'did not establish a connection with the server',
    read: 'timeout',
  },
  { name: 'Error', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', read: 'network', permanent: true },
  { name: 'Error', code: 'CERT_HAS_EXPIRED', read: 'network', permanent: true },
  { name: 'Error', code: 'EPROTO', read: 'network', permanent: true },
]

describe('translating errors', () => {
  for (const row of table) {
    const { read, changed = read, permanent } = row
    const title = [row.name, row.code, row.status, row.message].filter(Boolean).join(' ')
    test(`says ${read} of ${title}${changed === read ? '' : `, ${changed} of a change`}`, () => {
      const thrown = sdkError(row)
      const ofRead = translateError(thrown, { about: 'get s3://bucket/key' })
      const ofChange = translateError(thrown, { about: 'put s3://bucket/key', changes: true })
      assert.equal(ofRead.code, read)
      assert.equal(ofChange.code, changed)
      assert.equal(ofRead.cause, thrown)
      assert.match(ofRead.message, /^get s3:\/\/bucket\/key: ./)
      if (permanent !== undefined) assert.equal(ofRead.permanent, permanent)
    })
  }

  test('takes a failed condition for an object that exists, where that was the condition', () => {
    const error = sdkError({ name: 'PreconditionFailed', status: 412 })
    const put = { about: 'put', changes: true, onPrecondition: 'already-exists' } as const
    assert.equal(translateError(error, put).code, 'already-exists')
  })

  test('lets a request be repeated once the SDK has corrected its clock', () => {
    const error = Object.assign(new Error('skewed'), {
      name: 'RequestTimeTooSkewed',
      $metadata: { httpStatusCode: 403, clockSkewCorrected: true },
    })
    const translated = translateError(error, { about: 'put', changes: true })
    assert.equal(translated.code, 'unavailable')
    assert.equal(translated.permanent, false)
  })

  test('keeps what the store said of itself', () => {
    const error = sdkError({ name: 'SlowDown', status: 503 })
    const translated = translateError(error, { about: 'put' })
    assert.equal(translated.providerCode, 'SlowDown')
    assert.equal(translated.httpStatus, 503)
    assert.equal(translated.requestId, 'request-1')
  })

  test('leaves an error that is translated already', () => {
    const error = new StorageError('corrupt', 'something')
    assert.equal(translateError(error, { about: 'get' }), error)
  })

  test('says what to do about the errors that people can do something about', () => {
    for (const name of ['NoSuchBucket', 'AccessDenied', 'SignatureDoesNotMatch', 'QuotaExceeded']) {
      assert.ok(translateError(sdkError({ name }), { about: 'get' }).remedy, name)
    }
  })
})

function sdkError(facts: Pick<Row, 'name' | 'code' | 'status' | 'message'>): Error {
  const { name, code, status, message = 'UnknownError' } = facts
  const $metadata = { httpStatusCode: status, requestId: 'request-1' }
  return Object.assign(new Error(message), { name, code, $metadata })
}
