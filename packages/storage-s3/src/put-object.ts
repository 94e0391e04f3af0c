import { PutObjectCommand, type PutObjectCommandOutput } from '@aws-sdk/client-s3'
import {
  isStorageError,
  type ObjectDigest,
  type PutOptions,
  StorageError,
  type StoredObject,
} from '@backstream/storage'
import { hashesFor } from './body-pass.ts'
import { digestBytes } from './digest-bytes.ts'
import { request } from './request.ts'
import { describeNewObject, type S3Context } from './s3-context.ts'
import { verifyStored } from './verify-stored.ts'

export interface PutRequest {
  readonly key: string
  readonly bytes: Uint8Array
  readonly options: PutOptions
  /** With `ifAbsent`: the store itself guards the condition. */
  readonly isGuarded: boolean
}

/**
 * One PutObject, and a look at what is there afterwards.
 *
 * Once the store has said yes, a failing look leaves the outcome unknown: an object is there, but
 * nobody has compared it.
 */
export async function putObject(context: S3Context, put: PutRequest): Promise<StoredObject> {
  const { key, bytes, options } = put
  const { signal = new AbortController().signal } = options
  const digest = await digestBytes(bytes, { hashes: hashesFor(context), signal })
  const answer = await sendPut(context, put, digest)
  try {
    return await verifyStored(context, digest, {
      key,
      versionId: answer.VersionId,
      signal: options.signal,
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    if (isStorageError(error, 'corrupt')) throw error
    throw new StorageError(
      'unknown-outcome',
      `put ${context.locate(key)}: stored, but it could not be compared`,
      { cause: error },
    )
  }
}

async function sendPut(
  context: S3Context,
  put: PutRequest,
  digest: ObjectDigest,
): Promise<PutObjectCommandOutput> {
  const { key, bytes, options, isGuarded } = put
  const command = new PutObjectCommand({
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(key),
    Body: bytes,
    IfNoneMatch: options.ifAbsent && isGuarded ? '*' : undefined,
    ContentMD5: digest.parts[0]?.md5,
    ChecksumCRC32: digest.crc32,
    ...describeNewObject(context, options.contentType),
  })
  const about = `put ${context.locate(key)}`
  const { signal } = options
  return await request({ about, signal, changes: true, onPrecondition: 'already-exists' }, (sent) =>
    context.clients.requests.send(command, sent),
  )
}
