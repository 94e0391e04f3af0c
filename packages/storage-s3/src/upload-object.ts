import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import {
  createObjectHasher,
  isStorageError,
  measureBody,
  type ObjectDigest,
  type ObjectHasher,
  StorageError,
  type StoredObject,
  type UploadOptions,
} from '@backstream/storage'
import { describeNewObject, type S3Context } from './s3-context.ts'
import { createUploadClient } from './upload-client.ts'
import { verifyStored } from './verify-stored.ts'

export interface UploadRequest {
  readonly key: string
  readonly body: AsyncIterable<Uint8Array>
  readonly options: UploadOptions
}

/**
 * One body into one object.
 *
 * One controller rules the upload. Whatever ends it early aborts the controller, and the first to do
 * so is the cause that is reported: the caller's signal, the body's own error, a part that cannot be
 * sent. All requests in flight are cut then, and have come to their end before this rejects; what
 * they left behind is the caller's to find by listing.
 */
export async function uploadObject(
  context: S3Context,
  { key, body, options }: UploadRequest,
): Promise<StoredObject> {
  options.signal?.throwIfAborted()
  const Key = context.keys.toObjectKey(key)
  const controller = new AbortController()
  const passOn = () => controller.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', passOn, { once: true })
  const pass = openPass(context, body, controller)
  const client = createUploadClient(context, {
    key,
    options,
    signal: controller.signal,
    hasher: pass.hasher,
    finishedDigest: pass.finishedDigest,
  })
  const flight = trackFlight(controller, client.send)
  const upload = new Upload({
    client: asClient(context, flight.send),
    params: {
      Bucket: context.bucket,
      Key,
      Body: pass.stream,
      ...describeNewObject(context, options.contentType),
    },
    partSize: context.profile.partBytes,
    queueSize: options.concurrency ?? 2,
    leavePartsOnError: true,
    abortController: controller,
  })
  try {
    await upload.done()
    controller.signal.throwIfAborted()
    const { versionId } = client
    return await verifyAppeared(context, { key, pass, signal: controller.signal, versionId })
  } catch (error) {
    controller.abort(error)
    pass.stream.destroy()
    await flight.landed()
    controller.signal.throwIfAborted()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', passOn)
  }
}

interface BodyPass {
  readonly hasher: ObjectHasher
  readonly stream: Readable
  readonly finishedDigest: () => ObjectDigest | undefined
}

/** The body on its way to lib-storage, hashed as it goes. Its own error ends the upload. */
function openPass(
  context: S3Context,
  body: AsyncIterable<Uint8Array>,
  controller: AbortController,
): BodyPass {
  const { partBytes, maxObjectBytes } = context.profile
  const { signal } = controller
  const hasher = createObjectHasher(partBytes, { hasPartSha256: !context.isEncrypted })
  let digest: ObjectDigest | undefined
  const pass = async function* () {
    try {
      yield* measureBody(body, { hasher, maxBytes: maxObjectBytes, signal })
      digest = hasher.finish()
    } catch (error) {
      controller.abort(error)
      throw error
    }
  }
  // One slice ahead: what waits here is memory beside the parts.
  const stream = Readable.from(pass(), { objectMode: true, highWaterMark: 1 })
  // The controller carries the cause; a stream error nobody listens to would end the process.
  stream.on('error', () => {})
  return { hasher, stream, finishedDigest: () => digest }
}

/** Counts requests out and in again, and lets the first that fails end the upload. */
function trackFlight(controller: AbortController, send: (command: unknown) => Promise<unknown>) {
  const flying = new Set<Promise<unknown>>()
  const fly = async (command: unknown) => {
    try {
      return await send(command)
    } catch (error) {
      controller.abort(error)
      throw error
    }
  }
  return {
    send(command: unknown): Promise<unknown> {
      const landing = fly(command)
      flying.add(landing)
      const land = () => flying.delete(landing)
      landing.then(land, land)
      return landing
    },
    landed: async () => {
      await Promise.allSettled(flying)
    },
  }
}

/** lib-storage uses two members of its client: what it is configured with, and `send`. */
function asClient(context: S3Context, send: (command: unknown) => Promise<unknown>): S3Client {
  return { config: context.clients.requests.config, send } as unknown as S3Client
}

interface Appeared {
  readonly key: string
  readonly pass: BodyPass
  readonly signal: AbortSignal
  readonly versionId: string | undefined
}

/** The store said yes: what it shows now must be what was sent. */
async function verifyAppeared(context: S3Context, appeared: Appeared): Promise<StoredObject> {
  const { key, pass, signal, versionId } = appeared
  const digest = pass.finishedDigest()
  if (!digest) throw new TypeError(`object ${key} appeared before its body had ended`)
  try {
    return await verifyStored(context, digest, { key, versionId, signal })
  } catch (error) {
    if (!isStorageError(error, 'not-found')) throw error
    const location = context.locate(key)
    throw new StorageError('unknown-outcome', `${location} was stored, but is not there`, {
      cause: error,
    })
  }
}
