import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '@backstream/kernel'
import { StorageError } from './errors.ts'
import { measureBody } from './measure-body.ts'
import {
  createMemoryBucket,
  type MemoryBucket,
  type MemoryUpload,
  type MemoryVersion,
} from './memory-bucket.ts'
import { listMemory } from './memory-listing.ts'
import { createObjectHasher, type ObjectDigest } from './object-digest.ts'
import { assertObjectKey } from './object-key.ts'
import type {
  GetOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  Storage,
  StoredObject,
  UploadOptions,
} from './storage.ts'

export interface MemoryStorageOptions {
  /** Default 64 KiB. */
  readonly partBytes?: number
  /** Default 10 000. */
  readonly maxParts?: number
  readonly versioned?: boolean
  /** False plays a store that ignores the condition: `ifAbsent` looks first, and can lose a race. */
  readonly conditionalPut?: boolean
  readonly clock?: Clock
}

/**
 * The contract kept in memory, for tests of what is built on it.
 *
 * Uploads are listed until they are completed or aborted, and stay when they fail. As on AWS, an
 * object made by a multipart upload carries the time its upload began.
 */
export function createMemoryStorage(options: MemoryStorageOptions = {}): Storage {
  const { partBytes = 64 * 1024, maxParts = 10_000, versioned = false } = options
  const { conditionalPut = true, clock = systemClock } = options
  const bucket = createMemoryBucket(versioned)
  const context = { bucket, clock, partBytes, maxParts, versioned, conditionalPut }

  return {
    location: 'memory://bucket',
    capabilities: { conditionalPut, partBytes, maxParts, maxObjectBytes: partBytes * maxParts },
    async head(key, { signal, versionId } = {}) {
      await turn(signal)
      assertObjectKey(key)
      return describeVersion(bucket.find(key, versionId), versioned)
    },
    async get(key, getOptions = {}) {
      await turn(getOptions.signal)
      assertObjectKey(key)
      return openVersion(bucket.find(key, getOptions.versionId), getOptions, versioned)
    },
    ...listMemory(bucket, versioned),
    put: (key, bytes, putOptions = {}) => put(context, { key, bytes, options: putOptions }),
    upload: (key, body, uploadOptions) => upload(context, { key, body, options: uploadOptions }),
    async abortUpload(key, uploadId, { signal } = {}) {
      await turn(signal)
      assertObjectKey(key)
      if (bucket.uploads.get(uploadId)?.key === key) bucket.uploads.delete(uploadId)
    },
    async delete(key, { signal, versionId } = {}) {
      await turn(signal)
      assertObjectKey(key)
      bucket.remove(key, versionId, clock.now())
    },
  }
}

interface MemoryContext {
  readonly bucket: MemoryBucket
  readonly clock: Clock
  readonly partBytes: number
  readonly maxParts: number
  readonly versioned: boolean
  readonly conditionalPut: boolean
}

async function put(
  context: MemoryContext,
  request: { key: string; bytes: Uint8Array; options: PutOptions },
): Promise<StoredObject> {
  const { key, bytes, options } = request
  await turn(options.signal)
  assertObjectKey(key)
  if (options.ifAbsent && context.bucket.has(key)) throw alreadyExists(key)
  if (options.ifAbsent && !context.conditionalPut) await turn(options.signal)
  const hasher = createObjectHasher(Math.max(1, bytes.byteLength))
  hasher.update(bytes)
  return store(context, { ...hasher.finish(), key, content: bytes.slice() })
}

async function upload(
  context: MemoryContext,
  request: { key: string; body: AsyncIterable<Uint8Array>; options: UploadOptions },
): Promise<StoredObject> {
  const { bucket, clock, partBytes, maxParts } = context
  const { key, body, options } = request
  await turn(options.signal)
  assertObjectKey(key)
  const hasher = createObjectHasher(partBytes)
  const chunks: Uint8Array[] = []
  const signal = options.signal ?? new AbortController().signal
  let received = 0
  let stored = 0
  let uploadId: string | undefined

  const storeFullParts = () => {
    for (; received - stored > partBytes; stored += partBytes, options.onStored?.(stored)) {
      uploadId ??= beginUpload(context, key, options)
      const { parts } = assertInProgress(bucket, uploadId)
      const partNumber = parts.length + 1
      options.onPart?.({ number: partNumber, bytes: partBytes })()
      parts.push({ partNumber, bytes: partBytes, lastModifiedMs: clock.now() })
    }
  }
  const limits = { hasher, maxBytes: partBytes * maxParts, signal }
  for await (const slice of measureBody(body, limits)) {
    chunks.push(Uint8Array.from(slice))
    received += slice.byteLength
    storeFullParts()
  }
  await turn(options.signal)
  if (uploadId) assertInProgress(bucket, uploadId)
  options.onPart?.({ number: stored / partBytes + 1, bytes: received - stored })()
  options.onStored?.(received)
  const initiatedAtMs = uploadId && bucket.uploads.get(uploadId)?.initiatedAtMs
  if (uploadId) bucket.uploads.delete(uploadId)
  return store(context, {
    ...hasher.finish(),
    key,
    content: Buffer.concat(chunks),
    lastModifiedMs: initiatedAtMs || clock.now(),
  })
}

function beginUpload(context: MemoryContext, key: string, options: UploadOptions): string {
  const uploadId = randomUUID()
  const initiatedAtMs = context.clock.now()
  context.bucket.uploads.set(uploadId, { key, uploadId, initiatedAtMs, parts: [] })
  options.onUploadCreated?.(uploadId)
  return uploadId
}

function assertInProgress(bucket: MemoryBucket, uploadId: string): MemoryUpload {
  const upload = bucket.uploads.get(uploadId)
  if (upload) return upload
  throw new StorageError('no-such-upload', `there is no upload ${uploadId}`)
}

function store(
  context: MemoryContext,
  made: { key: string; content: Uint8Array; lastModifiedMs?: number } & Pick<
    ObjectDigest,
    'etag' | 'sha256'
  >,
): StoredObject {
  const { key, content, sha256, etag = sha256 } = made
  const lastModifiedMs = made.lastModifiedMs ?? context.clock.now()
  const version = { key, isDeleteMarker: false, bytes: content, etag, lastModifiedMs }
  const { versionId } = context.bucket.add(version)
  return {
    key,
    bytes: content.byteLength,
    sha256,
    etag,
    versionId: context.versioned ? versionId : undefined,
    check: 'md5',
  }
}

function describeVersion(version: MemoryVersion, versioned: boolean): ObjectInfo {
  return {
    bytes: version.bytes.byteLength,
    etag: version.etag,
    versionId: versioned ? version.versionId : undefined,
    lastModifiedMs: version.lastModifiedMs,
    storageClass: undefined,
    checksums: { composite: false },
  }
}

function openVersion(version: MemoryVersion, options: GetOptions, versioned: boolean): ObjectBody {
  const totalBytes = version.bytes.byteLength
  const { start, end } = options.range ?? { start: 0, end: totalBytes }
  if (options.ifMatch !== undefined && options.ifMatch !== version.etag) {
    throw new StorageError('invalid-request', `object ${version.key} has changed`)
  }
  if (options.range && (start < 0 || end <= start || start >= totalBytes)) {
    throw new StorageError('invalid-request', `object ${version.key} has no bytes ${start}-${end}`)
  }
  const bytes = version.bytes.slice(start, end)
  const info = describeVersion(version, versioned)
  return { ...info, bytes: bytes.byteLength, totalBytes, body: slicesOf(bytes, options.signal) }
}

async function* slicesOf(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 16_384) {
    await turn(signal)
    yield bytes.slice(at, at + 16_384)
  }
}

/** Nothing answers in the turn it was asked in, and an aborted request does nothing. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  await nextTurn()
  signal?.throwIfAborted()
}

function alreadyExists(key: string): StorageError {
  return new StorageError('already-exists', `object ${key} exists already`)
}
