import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { silentLogger } from '@backstream/kernel'
import {
  type FaultAction,
  type FaultHandle,
  type FaultMatch,
  type S3Server,
  startS3Server,
} from '@backstream/s3-embedded'
import { isStorageError, type Storage, type StorageErrorCode } from '@backstream/storage'
import { openS3Storage, type S3Storage, type S3StorageOptions } from '@backstream/storage-s3'
import { temporaryDirectory, uniqueName } from '@backstream/testkit'

export const partBytes: number = 5 * 1024 * 1024
export const twoAndAHalfParts: Buffer = Buffer.alloc(2.5 * partBytes, 'backstream')
export const small: Buffer = Buffer.from('less than a part')
export const quickly = { attempts: 4, firstDelayMs: 2, maxDelayMs: 10 } as const

export interface FaultyS3 extends AsyncDisposable {
  readonly faults: S3Server['faults']
  readonly requests: S3Server['requests']
  /** A storage under a prefix of its own, that repeats quickly. */
  readonly open: (options?: Partial<S3StorageOptions>) => Promise<S3Storage>
  readonly fail: (match: FaultMatch, action: FaultAction) => FaultHandle
  /** Asserted without faults, which are cleared. */
  readonly isAbsent: (storage: Storage, key: string) => Promise<void>
}

export async function startFaultyS3(): Promise<FaultyS3> {
  const folder = await temporaryDirectory('s3')
  const server = await startS3Server({ dir: folder.path, buckets: ['test'] })
  const { faults, requests, endpoint, region, accessKeyId, secretAccessKey } = server
  return {
    faults,
    requests,
    open: (options = {}) =>
      openS3Storage({
        bucket: 'test',
        prefix: uniqueName(),
        endpoint,
        region,
        pathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        profile: { partBytes },
        retry: quickly,
        logger: silentLogger,
        ...options,
      }),
    fail: (match, action) => faults.add({ match, action }),
    async isAbsent(storage, key) {
      faults.clear()
      await rejectsWith('not-found', storage.head(key))
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 300_000) yield bytes.subarray(at, at + 300_000)
}

/** A body that counts how often it was opened. */
export class CountedBody implements AsyncIterable<Uint8Array> {
  timesOpened = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.timesOpened += 1
    return chunks(this.#bytes)
  }
}

/** A body without end that tells how far it was read, and whether it was let go. */
export class EndlessBody implements AsyncIterable<Uint8Array> {
  bytesRead = 0
  wasReleased = false

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        this.bytesRead += 500_000
        yield new Uint8Array(500_000)
      }
    } finally {
      this.wasReleased = true
    }
  }
}

export async function read(storage: Storage, key: string): Promise<Buffer> {
  const chunksRead: Uint8Array[] = []
  for await (const chunk of (await storage.get(key)).body) chunksRead.push(chunk)
  return Buffer.concat(chunksRead)
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export async function rejectsWith(
  code: StorageErrorCode,
  promise: Promise<unknown>,
): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isStorageError(error), String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}
