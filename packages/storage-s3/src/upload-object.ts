import type { S3Client } from '@aws-sdk/client-s3'
import {
  isStorageError,
  StorageError,
  type StoredObject,
  type UploadOptions,
} from '@backstream/storage'
import { type BodyPass, openBodyPass } from './body-pass.ts'
import { createPartUpload } from './part-upload.ts'
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
  storageContext: S3Context,
  { key, body, options }: UploadRequest,
): Promise<StoredObject> {
  options.signal?.throwIfAborted()
  const context = { ...storageContext, retry: storageContext.patience }
  const Key = context.keys.toObjectKey(key)
  const controller = new AbortController()
  const passOn = () => controller.abort(options.signal?.reason)
  options.signal?.addEventListener('abort', passOn, { once: true })
  await using pass = openBodyPass(context, body, controller)
  const client = createUploadClient(context, {
    key,
    options,
    signal: controller.signal,
    digestOfPart: pass.digestOfPart,
    finishedDigest: pass.finishedDigest,
    giveBack: pass.giveBack,
  })
  const flight = trackFlight(controller, client.send)
  const described = describeNewObject(context, options.contentType)
  const upload = createPartUpload(
    {
      client: asClient(context, flight.send),
      params: { Bucket: context.bucket, Key, ...described },
      partSize: context.profile.partBytes,
      queueSize: options.concurrency ?? 2,
      leavePartsOnError: true,
      abortController: controller,
    },
    pass.parts,
  )
  try {
    await upload.done()
    controller.signal.throwIfAborted()
    const { versionId } = client
    return await verifyAppeared(context, { key, pass, signal: controller.signal, versionId })
  } catch (error) {
    controller.abort(error)
    await pass.parts.return()
    // Whoever waits for a hash waits no longer.
    await pass[Symbol.asyncDispose]()
    await flight.landed()
    controller.signal.throwIfAborted()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', passOn)
  }
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
  const digest = await pass.finishedDigest()
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
