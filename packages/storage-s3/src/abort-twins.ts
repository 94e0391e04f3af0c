import { describeError } from '@backstream/kernel'
import { abortUpload } from './abort-upload.ts'
import { listUploads } from './list-uploads.ts'
import type { S3Context } from './s3-context.ts'

/**
 * Aborts uploads to the same key that a lost answer left behind. Whoever uploads to a key is alone
 * there (see `Storage.upload`). Never rejects for the store's sake: the object is there, and what is
 * left is an upload without parts, which the sweep finds as well.
 */
export async function abortTwins(
  context: S3Context,
  upload: { readonly key: string; readonly uploadId: string },
  signal: AbortSignal,
): Promise<void> {
  const { key, uploadId } = upload
  try {
    for await (const listed of listUploads(context, key, { signal })) {
      if (listed.key !== key || listed.uploadId === uploadId) continue
      await abortUpload(context, listed, { signal })
      context.logger.info({ key }, `aborted a second upload of ${context.locate(key)}`)
    }
  } catch (error) {
    signal.throwIfAborted()
    context.logger.warn(
      { key, err: error },
      `a second upload of ${context.locate(key)} may be left: ${describeError(error)}`,
    )
  }
}
