import {
  type ObjectDigest,
  type ReadOptions,
  retryRequest,
  type StoredObject,
} from '@backstream/storage'
import { compareStored } from './compare-stored.ts'
import { headObject } from './head-object.ts'
import { retryOptions, type S3Context } from './s3-context.ts'

/** Looks at an object and compares it with what was sent. Rejects with `corrupt` or `not-found`. */
export async function verifyStored(
  context: S3Context,
  digest: ObjectDigest,
  object: ReadOptions & { readonly key: string },
): Promise<StoredObject> {
  const { key, ...options } = object
  const head = await retryRequest(
    () => headObject(context, key, options),
    retryOptions(context, `head ${context.locate(key)}`, options.signal),
  )
  const { etag, versionId } = head.info
  const { bytes, sha256 } = digest
  const { md5Etags } = context.profile
  const check = compareStored(head, { location: context.locate(key), digest, md5Etags })
  return { key, bytes, sha256, etag, versionId, check }
}
