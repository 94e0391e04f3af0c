import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { systemClock } from '@backstream/kernel'
import {
  isStorageError,
  type ObjectLocker,
  type PutOptions,
  type RequestOptions,
  type Storage,
  type StorageCapabilities,
  StorageError,
  type StoredObject,
} from '@backstream/storage'
import { abortUpload } from './abort-upload.ts'
import { createAdaptiveGate } from './adaptive-gate.ts'
import { type ConditionalPut, createConditionalPut } from './conditional-put.ts'
import { getObject } from './get-object.ts'
import { headObject } from './head-object.ts'
import { createKeyspace } from './keyspace.ts'
import { listLevel, listObjects } from './list-objects.ts'
import { listParts } from './list-parts.ts'
import { listUploads } from './list-uploads.ts'
import { listVersions } from './list-versions.ts'
import { createObjectLocker } from './object-locker.ts'
import { defaultIdleTimeoutMs, openClients } from './open-clients.ts'
import { putObject } from './put-object.ts'
import { request } from './request.ts'
import { patienceFor } from './retry-patience.ts'
import type { S3Context } from './s3-context.ts'
import { resolveProfile, type S3StorageOptions } from './s3-options.ts'
import { uploadObject } from './upload-object.ts'

export interface S3Storage extends Storage, ObjectLocker, AsyncDisposable {
  /**
   * Finds out what is only known by asking, once, and resolves to the capabilities as they are then.
   * Without it, `conditionalPut` reads false until the first put with `ifAbsent` has asked.
   */
  probeCapabilities(options?: RequestOptions): Promise<StorageCapabilities>
}

/** Sends nothing: a store that is down, or a wrong key, shows at the first request. */
export async function openS3Storage(options: S3StorageOptions): Promise<S3Storage> {
  const context = await openS3Context(options)
  const conditionalPut = createConditionalPut(context)
  const { partBytes, maxParts, maxObjectBytes } = context.profile
  const capabilities = () => ({
    conditionalPut: conditionalPut.isKnownGuarded,
    partBytes,
    maxParts,
    maxObjectBytes,
  })
  return {
    get capabilities() {
      return capabilities()
    },
    location: context.locate('').replace(/\/$/, ''),
    async probeCapabilities(call) {
      await conditionalPut.isGuarded(call)
      return capabilities()
    },
    head: async (key, call) => (await headObject(context, key, call)).info,
    get: (key, call) => getObject(context, key, call),
    put: (key, bytes, call = {}) => put(context, conditionalPut, { key, bytes, options: call }),
    upload: (key, body, call) => uploadObject(context, { key, body, options: call }),
    abortUpload: (key, uploadId, call) => abortUpload(context, { key, uploadId }, call),
    list: (prefix, call = {}) => listObjects(context, prefix, call),
    listLevel: (prefix, call = {}) => listLevel(context, prefix, call),
    listVersions: (prefix, call = {}) => listVersions(context, prefix, call),
    listUploads: (prefix, call = {}) => listUploads(context, prefix, call),
    ...createObjectLocker(context),
    listParts: (key, uploadId, call = {}) => listParts(context, { key, uploadId }, call),
    async delete(key, { signal, versionId } = {}) {
      signal?.throwIfAborted()
      const target = { Bucket: context.bucket, Key: context.keys.toObjectKey(key) }
      await ignoreMissing(
        request({ about: `delete ${context.locate(key)}`, signal, changes: true }, (sent) =>
          context.clients.requests.send(
            new DeleteObjectCommand({ ...target, VersionId: versionId }),
            sent,
          ),
        ),
      )
    },
    async [Symbol.asyncDispose]() {
      context.clients[Symbol.dispose]()
    },
  }
}

/** Of all uploads together; each of them sends two at a time. */
const mostPartsAtATime = 64

/** Rejects with `invalid-request` or `unsupported` what the options ask in vain. */
export async function openS3Context(options: S3StorageOptions): Promise<S3Context> {
  if (options.proxy) {
    throw new StorageError('unsupported', 'a proxy for the store: not yet in this version', {
      remedy: 'Remove `proxy` from the storage.',
    })
  }
  const prefix = (options.prefix ?? '').replace(/^\/+|\/+$/g, '')
  const profile = resolveProfile(options)
  const keys = createKeyspace(prefix)
  const { idleTimeoutMs = defaultIdleTimeoutMs } = options
  return {
    clients: await openClients(options),
    bucket: options.bucket,
    keys,
    profile,
    options,
    idleTimeoutMs,
    retry: options.retry ?? { attempts: 8, firstDelayMs: 500 },
    patience: options.retry ?? patienceFor(idleTimeoutMs),
    partGate: createAdaptiveGate({
      isThrottled: (error) => isStorageError(error, 'throttled'),
      max: mostPartsAtATime,
      onChange: (parts) =>
        options.logger.warn({ parts }, 'the store asks for fewer requests: fewer parts at a time'),
    }),
    logger: options.logger,
    clock: options.clock ?? systemClock,
    isEncrypted: !options.endpoint?.startsWith('http:'),
    locate: (key) => `s3://${options.bucket}/${keys.toListPrefix('')}${key}`,
  }
}

async function put(
  context: S3Context,
  conditionalPut: ConditionalPut,
  request: { key: string; bytes: Uint8Array; options: PutOptions },
): Promise<StoredObject> {
  const { key, options } = request
  options.signal?.throwIfAborted()
  context.keys.toObjectKey(key)
  const isGuarded = options.ifAbsent === true && (await conditionalPut.isGuarded(options))
  if (options.ifAbsent && !isGuarded) await assertAbsent(context, key, options)
  return await putObject(context, { ...request, isGuarded })
}

/** The best there is where the store does not guard the condition: between this and the put, others may put. */
async function assertAbsent(
  context: S3Context,
  key: string,
  { signal }: RequestOptions,
): Promise<void> {
  try {
    await headObject(context, key, { signal })
  } catch (error) {
    if (isStorageError(error, 'not-found')) return
    throw error
  }
  throw new StorageError('already-exists', `put ${context.locate(key)}: there is an object already`)
}

async function ignoreMissing(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!isStorageError(error, 'not-found')) throw error
  }
}
