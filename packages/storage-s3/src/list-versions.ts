import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3'
import {
  compareKeys,
  isStorageError,
  type ListedVersion,
  type ListOptions,
} from '@backstream/storage'
import { listObjects } from './list-objects.ts'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'
import { decodeListed, type Page, walkPages } from './walk-pages.ts'

/**
 * Versions and delete markers. A bucket without versions calls each object's only version `null`,
 * and takes it by that name. A store that does not know versions at all lists its objects.
 */
export async function* listVersions(
  context: S3Context,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedVersion> {
  options.signal?.throwIfAborted()
  let isFirst = true
  try {
    for await (const version of listVersionPages(context, prefix, options)) {
      isFirst = false
      yield version
    }
  } catch (error) {
    if (!isFirst || !isStorageError(error, 'unsupported')) throw error
    for await (const { key, bytes, lastModifiedMs } of listObjects(context, prefix, options)) {
      const versionId = undefined
      yield { key, versionId, isLatest: true, isDeleteMarker: false, bytes, lastModifiedMs }
    }
  }
}

interface Cursor {
  readonly key: string | undefined
  readonly versionId: string | undefined
}

async function* listVersionPages(
  context: S3Context,
  prefix: string,
  { signal, pageSize }: ListOptions,
): AsyncGenerator<ListedVersion> {
  const about = `list versions of ${context.locate(prefix)}`
  const input = {
    Bucket: context.bucket,
    Prefix: context.keys.toListPrefix(prefix),
    MaxKeys: pageSize,
    EncodingType: 'url',
  } as const
  yield* walkPages(about, async (cursor: Cursor | undefined) => {
    const command = new ListObjectVersionsCommand({
      ...input,
      KeyMarker: cursor?.key,
      VersionIdMarker: cursor?.versionId,
    })
    const answer = await request({ about, signal }, (sent) =>
      context.clients.requests.send(command, sent),
    )
    return readPage(context, answer)
  })
}

function readPage(
  context: S3Context,
  answer: ListObjectVersionsCommandOutput,
): Page<ListedVersion, Cursor> {
  const { Versions = [], DeleteMarkers = [], EncodingType } = answer
  const describe = (version: DeleteMarkerEntry, bytes: number | undefined): ListedVersion => ({
    key: context.keys.toRelative(decodeListed(version.Key, EncodingType)),
    versionId: version.VersionId,
    isLatest: version.IsLatest ?? false,
    isDeleteMarker: bytes === undefined,
    bytes: bytes ?? 0,
    lastModifiedMs: version.LastModified?.getTime() ?? 0,
  })
  const entries = [
    ...Versions.map((version) => describe(version, version.Size ?? 0)),
    ...DeleteMarkers.map((marker) => describe(marker, undefined)),
  ]
  return {
    entries: entries.sort(compareVersions),
    isTruncated: answer.IsTruncated ?? false,
    next: {
      key: decodeListed(answer.NextKeyMarker, EncodingType) || undefined,
      versionId: answer.NextVersionIdMarker,
    },
  }
}

/** By key, newest first: the answer carries versions and markers in two lists, which lost the order. */
function compareVersions(a: ListedVersion, b: ListedVersion): number {
  return (
    compareKeys(a.key, b.key) ||
    Number(b.isLatest) - Number(a.isLatest) ||
    b.lastModifiedMs - a.lastModifiedMs
  )
}
