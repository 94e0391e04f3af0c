import { ListPartsCommand } from '@aws-sdk/client-s3'
import { isStorageError, type ListedPart, type ListOptions } from '@backstream/storage'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'
import { type Page, walkPages } from './walk-pages.ts'

/** Stores say that an upload is gone in several ways: no such upload, no such key, an empty list. */
export async function* listParts(
  context: S3Context,
  upload: { readonly key: string; readonly uploadId: string },
  { signal, pageSize }: ListOptions,
): AsyncGenerator<ListedPart> {
  signal?.throwIfAborted()
  const about = `list parts of the upload of ${context.locate(upload.key)}`
  const target = {
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(upload.key),
    UploadId: upload.uploadId,
    MaxParts: pageSize,
  }
  const fetchPage = async (marker: string | undefined): Promise<Page<ListedPart, string>> => {
    const command = new ListPartsCommand({ ...target, PartNumberMarker: marker })
    const answer = await request({ about, signal }, (sent) =>
      context.clients.requests.send(command, sent),
    )
    return {
      entries: (answer.Parts ?? []).map((part) => ({
        partNumber: part.PartNumber ?? 0,
        bytes: part.Size ?? 0,
        lastModifiedMs: part.LastModified?.getTime() ?? 0,
      })),
      isTruncated: answer.IsTruncated ?? false,
      next: answer.NextPartNumberMarker,
    }
  }
  try {
    yield* walkPages(about, fetchPage)
  } catch (error) {
    if (isStorageError(error, 'no-such-upload') || isStorageError(error, 'not-found')) return
    throw error
  }
}
