import { type Clock, describeError, type Logger, systemClock } from '@backstream/kernel'
import { isStorageError } from '../errors.ts'
import type { Storage } from '../storage.ts'

export interface LoggingOptions {
  readonly logger: Logger
  readonly clock?: Clock
}

/**
 * Writes one line for each request: what, which key, how long, and how it failed.
 *
 * Successes and answers that a caller asks for (`not-found`, `already-exists`) are `debug`; every
 * other failure is `warn`. Keys and sizes are logged, contents never.
 */
export function logging(inner: Storage, options: LoggingOptions): Storage {
  const { logger, clock = systemClock } = options
  const timed = async <T>(fields: RequestFields, send: () => Promise<T>): Promise<T> => {
    const startedMs = clock.monotonicMs()
    try {
      const result = await send()
      logger.debug({ ...fields, ms: elapsed(clock, startedMs) }, `storage ${fields.request}`)
      return result
    } catch (error) {
      logFailure(logger, { ...fields, ms: elapsed(clock, startedMs) }, error)
      throw error
    }
  }
  const timedList = async function* <T>(fields: RequestFields, entries: AsyncIterable<T>) {
    const startedMs = clock.monotonicMs()
    let count = 0
    try {
      for await (const entry of entries) {
        count += 1
        yield entry
      }
      const ms = elapsed(clock, startedMs)
      logger.debug({ ...fields, entries: count, ms }, `storage ${fields.request}`)
    } catch (error) {
      logFailure(logger, { ...fields, ms: elapsed(clock, startedMs) }, error)
      throw error
    }
  }

  return {
    get capabilities() {
      return inner.capabilities
    },
    location: inner.location,
    head: (key, call) => timed({ request: 'head', key }, () => inner.head(key, call)),
    get: (key, call) => {
      return timed({ request: 'get', key, range: call?.range }, () => inner.get(key, call))
    },
    put(key, bytes, call) {
      const fields = { request: 'put', key, bytes: bytes.byteLength, ifAbsent: call?.ifAbsent }
      return timed(fields, () => inner.put(key, bytes, call))
    },
    upload(key, body, call) {
      return timed({ request: 'upload', key }, () => inner.upload(key, body, call))
    },
    abortUpload(key, uploadId, call) {
      const fields = { request: 'abortUpload', key, uploadId }
      return timed(fields, () => inner.abortUpload(key, uploadId, call))
    },
    delete(key, call) {
      const fields = { request: 'delete', key, versionId: call?.versionId }
      return timed(fields, () => inner.delete(key, call))
    },
    list: (prefix, call) => {
      return timedList({ request: 'list', key: prefix }, inner.list(prefix, call))
    },
    listLevel: (prefix, call) => {
      return timedList({ request: 'listLevel', key: prefix }, inner.listLevel(prefix, call))
    },
    listVersions: (prefix, call) => {
      return timedList({ request: 'listVersions', key: prefix }, inner.listVersions(prefix, call))
    },
    listUploads: (prefix, call) => {
      return timedList({ request: 'listUploads', key: prefix }, inner.listUploads(prefix, call))
    },
    listParts: (key, uploadId, call) => {
      return timedList({ request: 'listParts', key }, inner.listParts(key, uploadId, call))
    },
  }
}

interface RequestFields extends Readonly<Record<string, unknown>> {
  readonly request: string
  readonly key: string
}

function logFailure(logger: Logger, fields: RequestFields, error: unknown): void {
  const isAnswer = isStorageError(error, 'not-found') || isStorageError(error, 'already-exists')
  const details = isStorageError(error)
    ? { code: error.code, httpStatus: error.httpStatus, requestId: error.requestId }
    : {}
  const line = { ...fields, ...details, error: describeError(error) }
  const message = `storage ${fields.request} failed`
  if (isAnswer) logger.debug(line, message)
  else logger.warn(line, message)
}

function elapsed(clock: Clock, sinceMs: number): number {
  return Math.round(clock.monotonicMs() - sinceMs)
}
