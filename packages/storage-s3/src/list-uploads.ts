import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import type { ListedUpload, ListOptions } from '@backstream/storage'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'
import { decodeListed, type Page, walkPages } from './walk-pages.ts'

interface Cursor {
  readonly key: string | undefined
  readonly uploadId: string | undefined
}

export async function* listUploads(
  context: S3Context,
  prefix: string,
  { signal, pageSize }: ListOptions,
): AsyncGenerator<ListedUpload> {
  signal?.throwIfAborted()
  const about = `list uploads of ${context.locate(prefix)}`
  const input = {
    Bucket: context.bucket,
    Prefix: context.keys.toListPrefix(prefix),
    MaxUploads: pageSize,
    EncodingType: 'url',
  } as const
  yield* walkPages(about, async (cursor: Cursor | undefined) => {
    const command = new ListMultipartUploadsCommand({
      ...input,
      KeyMarker: cursor?.key,
      UploadIdMarker: cursor?.uploadId,
    })
    const answer = await request({ about, signal }, (sent) =>
      context.clients.requests.send(command, sent),
    )
    return readPage(context, answer)
  })
}

function readPage(
  context: S3Context,
  answer: ListMultipartUploadsCommandOutput,
): Page<ListedUpload, Cursor> {
  const { EncodingType } = answer
  return {
    entries: (answer.Uploads ?? []).map((upload) => ({
      key: context.keys.toRelative(decodeListed(upload.Key, EncodingType)),
      uploadId: upload.UploadId ?? '',
      initiatedAtMs: upload.Initiated?.getTime() ?? 0,
    })),
    isTruncated: answer.IsTruncated ?? false,
    next: {
      key: decodeListed(answer.NextKeyMarker, EncodingType) || undefined,
      uploadId: answer.NextUploadIdMarker,
    },
  }
}
