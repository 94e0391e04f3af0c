import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import {
  compareKeys,
  type ListedObject,
  type ListedPrefix,
  type ListOptions,
} from '@backstream/storage'
import { unquote } from './describe-object.ts'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'
import { decodeListed, type Page, walkPages } from './walk-pages.ts'

/** Every object below the prefix. */
export async function* listObjects(
  context: S3Context,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedObject> {
  for await (const entry of listPages(context, { prefix, options, delimiter: undefined })) {
    if (entry.kind === 'object') yield entry
  }
}

/** Objects and prefixes of one level. */
export function listLevel(
  context: S3Context,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedObject | ListedPrefix> {
  return listPages(context, { prefix, options, delimiter: '/' })
}

interface Listing {
  readonly prefix: string
  readonly options: ListOptions
  readonly delimiter: string | undefined
}

type Entry = ListedObject | ListedPrefix

async function* listPages(context: S3Context, listing: Listing): AsyncGenerator<Entry> {
  const { signal, pageSize } = listing.options
  signal?.throwIfAborted()
  const about = `list ${context.locate(listing.prefix)}`
  const input = {
    Bucket: context.bucket,
    Prefix: context.keys.toListPrefix(listing.prefix),
    Delimiter: listing.delimiter,
    MaxKeys: pageSize,
    EncodingType: 'url',
  } as const
  yield* walkPages(about, async (token: string | undefined) => {
    const command = new ListObjectsV2Command({ ...input, ContinuationToken: token })
    const answer = await request({ about, signal }, (sent) =>
      context.clients.requests.send(command, sent),
    )
    return readPage(context, answer)
  })
}

function readPage(context: S3Context, answer: ListObjectsV2CommandOutput): Page<Entry, string> {
  const relative = (listed: string | undefined) =>
    context.keys.toRelative(decodeListed(listed, answer.EncodingType))
  const objects = (answer.Contents ?? []).map(
    (object): Entry => ({
      kind: 'object',
      key: relative(object.Key),
      bytes: object.Size ?? 0,
      etag: unquote(object.ETag),
      lastModifiedMs: object.LastModified?.getTime() ?? 0,
    }),
  )
  const prefixes = (answer.CommonPrefixes ?? []).map(
    (common): Entry => ({ kind: 'prefix', prefix: relative(common.Prefix) }),
  )
  return {
    entries: [...objects, ...prefixes].sort((a, b) => compareKeys(placeOf(a), placeOf(b))),
    isTruncated: answer.IsTruncated ?? false,
    next: answer.NextContinuationToken,
  }
}

function placeOf(entry: Entry): string {
  return entry.kind === 'object' ? entry.key : entry.prefix
}
