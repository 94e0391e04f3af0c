import { describeError, type Logger } from '@backstream/kernel'
import {
  isTransientOrUnknown,
  type RetryOptions,
  type RetryPolicy,
  retryRequest,
} from '../retry-request.ts'
import type { RequestOptions, Storage } from '../storage.ts'
import { putOnce } from './put-once.ts'
import { type Place, resumeListing } from './resume-listing.ts'

export interface RetryingOptions extends RetryPolicy {
  readonly logger: Logger
}

/**
 * Repeats single requests that were throttled, cut, timed out or answered "unavailable".
 *
 * `upload` is passed through: its body can be read only once, and its parts are retried where they
 * are sent. A `get` is repeated until its body begins, never after. A listing goes on behind the
 * last entry it yielded. A conditional put is settled by reading back what is there, so that our
 * own earlier try is never taken for another's object.
 */
export function retrying(inner: Storage, options: RetryingOptions): Storage {
  const { logger, ...policy } = options
  const retryOptions = (request: string, key: string, call: RequestOptions = {}): RetryOptions => ({
    ...policy,
    signal: call.signal,
    shouldRetry: isTransientOrUnknown,
    onRetry: ({ error, attempt, delayMs }) => {
      const fields = { request, key, attempt, delayMs, error: describeError(error) }
      logger.warn(fields, `${request} of ${key} failed, trying again in ${delayMs} ms`)
    },
  })
  const listing = <T>(open: () => AsyncIterable<T>, place: Place<T>, retry: RetryOptions) =>
    resumeListing(open, place, retry)

  return {
    get capabilities() {
      return inner.capabilities
    },
    location: inner.location,
    head: (key, call) => retryRequest(() => inner.head(key, call), retryOptions('head', key, call)),
    get: (key, call) => retryRequest(() => inner.get(key, call), retryOptions('get', key, call)),
    put(key, bytes, call) {
      const retry = retryOptions('put', key, call)
      if (call?.ifAbsent) return putOnce(inner, { key, bytes, options: call }, retry)
      return retryRequest(() => inner.put(key, bytes, call), retry)
    },
    upload: (key, body, call) => inner.upload(key, body, call),
    abortUpload(key, uploadId, call) {
      const retry = retryOptions('abortUpload', key, call)
      return retryRequest(() => inner.abortUpload(key, uploadId, call), retry)
    },
    delete(key, call) {
      return retryRequest(() => inner.delete(key, call), retryOptions('delete', key, call))
    },
    list(prefix, call) {
      const place: Place<{ key: string }> = { key: (entry) => entry.key, id: () => '' }
      return listing(() => inner.list(prefix, call), place, retryOptions('list', prefix, call))
    },
    listLevel(prefix, call) {
      return listing(
        () => inner.listLevel(prefix, call),
        { key: (entry) => (entry.kind === 'object' ? entry.key : entry.prefix), id: () => '' },
        retryOptions('listLevel', prefix, call),
      )
    },
    listVersions(prefix, call) {
      return listing(
        () => inner.listVersions(prefix, call),
        { key: (entry) => entry.key, id: (entry) => entry.versionId ?? '' },
        retryOptions('listVersions', prefix, call),
      )
    },
    listUploads(prefix, call) {
      return listing(
        () => inner.listUploads(prefix, call),
        { key: (entry) => entry.key, id: (entry) => entry.uploadId },
        retryOptions('listUploads', prefix, call),
      )
    },
    listParts(key, uploadId, call) {
      return listing(
        () => inner.listParts(key, uploadId, call),
        { key: (part) => String(part.partNumber).padStart(5, '0'), id: () => '' },
        retryOptions('listParts', key, call),
      )
    },
  }
}
