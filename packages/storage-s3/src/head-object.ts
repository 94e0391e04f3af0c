import {
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { describeError } from '@backstream/kernel'
import { isStorageError, type ReadOptions, StorageError } from '@backstream/storage'
import { describeObject, type HeadObject, hasOpaqueEtag } from './describe-object.ts'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'

/** Rejects with `not-found`; with `no-such-bucket` where it is the bucket that is missing. */
export async function headObject(
  context: S3Context,
  key: string,
  options: ReadOptions = {},
): Promise<HeadObject> {
  options.signal?.throwIfAborted()
  try {
    const answer = await sendHead(context, key, options)
    return { info: describeObject(answer), hasOpaqueEtag: hasOpaqueEtag(answer) }
  } catch (error) {
    if (isStorageError(error, 'not-found')) await assertBucket(context, options)
    throw error
  }
}

function sendHead(
  context: S3Context,
  key: string,
  options: ReadOptions,
): Promise<HeadObjectCommandOutput> {
  const input = {
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(key),
    VersionId: options.versionId,
    ChecksumMode: context.profile.checksums ? ('ENABLED' as const) : undefined,
  }
  return request({ about: `head ${context.locate(key)}`, signal: options.signal }, (sent) =>
    context.clients.requests.send(new HeadObjectCommand(input), sent),
  )
}

/**
 * A HEAD has no body, so a missing bucket looks like a missing object. That would read as "there is
 * nothing" where the truth is "you are looking in the wrong place".
 */
async function assertBucket(context: S3Context, { signal }: ReadOptions): Promise<void> {
  const { bucket, clients, logger } = context
  try {
    await request({ about: `head s3://${bucket}`, signal }, (sent) =>
      clients.requests.send(new HeadBucketCommand({ Bucket: bucket }), sent),
    )
  } catch (error) {
    signal?.throwIfAborted()
    if (isStorageError(error, 'not-found')) {
      throw new StorageError('no-such-bucket', `there is no bucket ${bucket}`, {
        cause: error,
        remedy: 'Create the bucket, or correct its name.',
      })
    }
    logger.debug(
      { bucket, error: describeError(error) },
      'the bucket itself could not be asked for',
    )
  }
}
