import type { KeyObject } from 'node:crypto'
import { type DecryptOptions, fileKeyOf } from './age-decrypt.ts'
import { damaged, readAgeHeader } from './age-header.ts'
import {
  CHUNK_BYTES,
  measurePayload,
  openChunk,
  PAYLOAD_NONCE_BYTES,
  payloadKeyOf,
  SEALED_CHUNK_BYTES,
} from './age-payload.ts'
import { ArchiveError } from './archive-error.ts'
import { ByteReader } from './byte-reader.ts'

/** An age v1 file, wherever it is: bytes by range. */
export interface SealedObject {
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  /** Size of the file. */
  readonly bytes: number
  /** Size of its header, as it was told when it was encrypted. */
  readonly headerBytes: number
}

/** What it holds, by range of the plain bytes. */
export interface OpenedObject {
  /** Fetches the chunks that hold the range and no others; each is authenticated before it is used. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  readonly bytes: number
}

/**
 * Costs the header and the last chunk: it is that one which proves the size. `truncated` for an
 * object cut anywhere, `chunk-damaged` for one that was added to.
 */
export async function openAgeObject(
  object: SealedObject,
  { identities, signal }: DecryptOptions,
): Promise<OpenedObject> {
  const payload = object.headerBytes + PAYLOAD_NONCE_BYTES
  const key = await readKey(object, identities)
  const { chunks, plainBytes } = measurePayload(object.bytes - payload)
  const range: ChunkRange = { object, key, chunks, signal }
  const last = chunks - 1
  for await (const _ of openChunks(range, last, last));
  return {
    bytes: plainBytes,
    async *read(start, end) {
      if (start < 0 || end > plainBytes) {
        throw new ArchiveError('corrupt', 'a place is named outside of the encrypted data')
      }
      if (start >= end) return
      const first = Math.floor(start / CHUNK_BYTES)
      let at = first * CHUNK_BYTES
      for await (const plain of openChunks(range, first, Math.floor((end - 1) / CHUNK_BYTES))) {
        yield plain.subarray(Math.max(0, start - at), end - at)
        at += plain.length
      }
    },
  }
}

async function readKey(
  object: SealedObject,
  identities: DecryptOptions['identities'],
): Promise<KeyObject> {
  const end = Math.min(object.bytes, object.headerBytes + PAYLOAD_NONCE_BYTES)
  const reader = new ByteReader(object.read(0, end))
  try {
    const header = await readAgeHeader(reader)
    const fileKey = fileKeyOf(header, identities)
    if (header.bytes !== object.headerBytes) throw damaged('it has another size')
    return payloadKeyOf(fileKey, await reader.read(PAYLOAD_NONCE_BYTES))
  } finally {
    await reader.close()
  }
}

interface ChunkRange {
  readonly object: SealedObject
  readonly key: KeyObject
  readonly chunks: number
  readonly signal: AbortSignal
}

/** The plain chunks from `first` to `last`, fetched in one go. */
async function* openChunks(
  { object, key, chunks, signal }: ChunkRange,
  first: number,
  last: number,
): AsyncGenerator<Buffer, void, undefined> {
  const payload = object.headerBytes + PAYLOAD_NONCE_BYTES
  const start = payload + first * SEALED_CHUNK_BYTES
  const end = Math.min(object.bytes, payload + (last + 1) * SEALED_CHUNK_BYTES)
  const reader = new ByteReader(object.read(start, end))
  try {
    for (let number = first; number <= last; number++) {
      signal.throwIfAborted()
      const at = payload + number * SEALED_CHUNK_BYTES
      const sealed = await reader.read(Math.min(SEALED_CHUNK_BYTES, end - at))
      const { plain, checkEnd } = openChunk(key, sealed, { number, isLast: number === chunks - 1 })
      checkEnd()
      yield plain
    }
  } finally {
    await reader.close()
  }
}
