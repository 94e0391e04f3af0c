/**
 * The storage contract: what backup and restore need of a bucket, and what it must promise.
 *
 * Promises. A put or a completed upload is atomic: readers see the whole object or the one before,
 * never a part. A read after a write sees it. Listing after a write sees it. Deleting what is not
 * there succeeds. Aborting an upload that is not there succeeds.
 *
 * Every method takes a signal. A signal that is aborted before the call sends nothing; one that is
 * aborted during it cuts the request and rejects with the signal's reason. What a cut request left
 * behind is the caller's to find out and clean: nothing here cleans up behind the caller's back.
 *
 * Keys are relative to the storage's prefix and never begin with a slash. Errors are `StorageError`.
 */
export interface ObjectReader {
  /** Rejects with `not-found`. */
  head(key: string, options?: ReadOptions): Promise<ObjectInfo>
  /** Rejects with `not-found`. The body must be read to its end or aborted through the signal. */
  get(key: string, options?: GetOptions): Promise<ObjectBody>
}

export interface ObjectLister {
  /** Objects whose key begins with `prefix`, in byte order of keys, all pages. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>
  /** One level: the objects directly under `prefix`, and the prefixes (ending in `/`) below it. */
  listLevel(prefix: string, options?: ListOptions): AsyncIterable<ListedObject | ListedPrefix>
  /** Every version and delete marker below `prefix`; on an unversioned bucket, its objects. */
  listVersions(prefix: string, options?: ListOptions): AsyncIterable<ListedVersion>
  /** Multipart uploads in progress whose key begins with `prefix`. */
  listUploads(prefix: string, options?: ListOptions): AsyncIterable<ListedUpload>
  /** Parts that an upload in progress has stored, in their order; none when the upload is gone. */
  listParts(key: string, uploadId: string, options?: ListOptions): AsyncIterable<ListedPart>
}

export interface Storage extends ObjectReader, ObjectLister {
  readonly capabilities: StorageCapabilities
  /** What to call this storage in messages: `s3://bucket/prefix`. */
  readonly location: string
  /** Whole small object in one request. `ifAbsent`: rejects with `already-exists` where it exists. */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<StoredObject>
  /**
   * Streams `body` into one object, as a multipart upload of equal parts.
   *
   * The object appears only after `body` has ended well: an error thrown by `body` rejects with
   * that error, and nothing was completed. A body shorter than one part may be stored by one put,
   * sent after the body has ended. `maxObjectBytes` of the capabilities bounds what one object holds.
   * A chunk of the body is used, or copied, before the next one is asked for: its memory may then be
   * filled anew.
   *
   * Two uploads to one key must not overlap: another upload there may be aborted, as what the lost
   * answer to a first try has left.
   */
  upload(
    key: string,
    body: AsyncIterable<Uint8Array>,
    options: UploadOptions,
  ): Promise<StoredObject>
  /** Aborts, and lists the parts until there are none left. Succeeds when the upload is gone. */
  abortUpload(key: string, uploadId: string, options?: RequestOptions): Promise<void>
  /** Without `versionId` on a versioned bucket this only adds a delete marker. */
  delete(key: string, options?: DeleteOptions): Promise<void>
}

/** Optional abilities are data, found out once and remembered. */
export interface StorageCapabilities {
  /** `put` with `ifAbsent` is honoured by the store itself, race-safe. */
  readonly conditionalPut: boolean
  readonly partBytes: number
  readonly maxParts: number
  /** Largest object that `upload` can make: `partBytes * maxParts`, or the provider's own limit. */
  readonly maxObjectBytes: number
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
}
export interface ReadOptions extends RequestOptions {
  readonly versionId?: string | undefined
}
export interface GetOptions extends ReadOptions {
  /** Inclusive start, exclusive end, in bytes. */
  readonly range?: { readonly start: number; readonly end: number } | undefined
  /** Reject with `invalid-request` when the object's ETag is another one: it changed meanwhile. */
  readonly ifMatch?: string | undefined
}
export interface PutOptions extends RequestOptions {
  readonly ifAbsent?: boolean
  readonly contentType?: string
}
export interface UploadOptions extends RequestOptions {
  readonly contentType?: string
  /** Called once, as soon as the multipart upload exists; not called for a single put. */
  readonly onUploadCreated?: (uploadId: string) => void
  /** Called with the total stored so far, after each part. */
  readonly onStored?: (bytes: number) => void
  /** Called as a part is about to be sent, also the only one; what it returns, when it is stored. */
  readonly onPart?: (part: { readonly number: number; readonly bytes: number }) => () => void
  /** Parts sent at a time; memory is about this plus one, times the part size. Default 2. */
  readonly concurrency?: number
}
export interface DeleteOptions extends RequestOptions {
  readonly versionId?: string | undefined
}
export interface ListOptions extends RequestOptions {
  /** Keys per page; the provider's largest when absent. */
  readonly pageSize?: number
}

export interface ObjectInfo {
  readonly bytes: number
  /** Without quotes; undefined where the store gave none. */
  readonly etag: string | undefined
  readonly versionId: string | undefined
  readonly lastModifiedMs: number
  readonly storageClass: string | undefined
  readonly checksums: ObjectChecksums
}

/** Base64 as the store gives them. `composite` ones cover the parts' checksums, not the bytes. */
export interface ObjectChecksums {
  readonly crc32?: string
  readonly crc64nvme?: string
  readonly sha256?: string
  readonly composite: boolean
}

export interface ObjectBody extends ObjectInfo {
  /** Of the whole object, also when a range was asked for. */
  readonly totalBytes: number
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * How strongly the stored bytes were compared with ours, strongest first. `md5`: the ETag is the
 * MD5 of the bytes or of the parts' MD5s. `size`: nothing better was to be had.
 */
export type StoreCheck = 'crc64nvme' | 'crc32' | 'sha256' | 'md5' | 'size'

/** What was stored, after it was read back (head) and compared; a mismatch rejects with `corrupt`. */
export interface StoredObject {
  readonly key: string
  readonly bytes: number
  /** Lower-case hex of the object's bytes, as `sha256sum` prints it. */
  readonly sha256: string
  readonly etag: string | undefined
  readonly versionId: string | undefined
  readonly check: StoreCheck
}

export interface ListedObject {
  readonly kind: 'object'
  readonly key: string
  readonly bytes: number
  readonly etag: string | undefined
  readonly lastModifiedMs: number
}
export interface ListedPrefix {
  readonly kind: 'prefix'
  readonly prefix: string
}
export interface ListedVersion {
  readonly key: string
  readonly versionId: string | undefined
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
  readonly bytes: number
  readonly lastModifiedMs: number
}
export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  readonly initiatedAtMs: number
}
export interface ListedPart {
  readonly partNumber: number
  readonly bytes: number
  readonly lastModifiedMs: number
}
