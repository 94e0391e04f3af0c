import { AbortMultipartUploadCommand, ListPartsCommand } from '@aws-sdk/client-s3'
import {
  isStorageError,
  type RequestOptions,
  retryRequest,
  StorageError,
} from '@backstream/storage'
import { request } from './request.ts'
import { retryOptions, type S3Context } from './s3-context.ts'

/**
 * Aborts until no part is left.
 *
 * A part that was in flight may land after the abort and is then kept, and paid for, out of sight;
 * so the parts are listed, and the upload is aborted again while there are any. Stores say that an
 * upload is gone in several ways: no such upload, no such key, an empty list.
 */
export async function abortUpload(
  context: S3Context,
  upload: { readonly key: string; readonly uploadId: string },
  { signal }: RequestOptions = {},
): Promise<void> {
  signal?.throwIfAborted()
  const about = `abort upload of ${context.locate(upload.key)}`
  const target = {
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(upload.key),
    UploadId: upload.uploadId,
  }
  const { clients } = context
  await retryRequest(
    async () => {
      await ignoreGone(
        request({ about, signal, changes: true }, (sent) =>
          clients.requests.send(new AbortMultipartUploadCommand(target), sent),
        ),
      )
      if (await hasParts(context, target, signal)) {
        throw new StorageError('unavailable', `${about}: parts are still there`)
      }
    },
    retryOptions(context, about, signal),
  )
}

interface UploadTarget {
  readonly Bucket: string
  readonly Key: string
  readonly UploadId: string
}

/** Succeeds for an upload that is gone. */
async function ignoreGone(abort: Promise<unknown>): Promise<void> {
  try {
    await abort
  } catch (error) {
    if (!saysGone(error)) throw error
  }
}

async function hasParts(
  context: S3Context,
  target: UploadTarget,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const about = `list parts of upload ${target.UploadId}`
  try {
    const answer = await request({ about, signal }, (sent) =>
      context.clients.requests.send(new ListPartsCommand({ ...target, MaxParts: 1 }), sent),
    )
    return (answer.Parts ?? []).length > 0
  } catch (error) {
    if (saysGone(error)) return false
    if (!isStorageError(error, 'access-denied') && !isStorageError(error, 'unsupported'))
      throw error
    context.logger.warn(
      { key: target.Key, uploadId: target.UploadId, code: error.code },
      'the upload was aborted, but the store does not let us see whether parts are left',
    )
    return false
  }
}

function saysGone(error: unknown): boolean {
  return isStorageError(error, 'no-such-upload') || isStorageError(error, 'not-found')
}
