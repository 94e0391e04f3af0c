import { createHash } from 'node:crypto'
import { BufferPool } from '@backstream/kernel'
import { isStorageError, type Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'
import { type ByteSpan, fetchAhead } from './fetch-ahead.ts'
import type { Manifest, ManifestArchive } from './manifest.ts'

export interface ReadArchiveOptions {
  readonly signal: AbortSignal
  /** Called with the bytes fetched so far, over all volumes. */
  readonly onFetched?: (bytes: number) => void
  /** Chunks are filled again once the next one is asked for. */
  readonly reusesMemory?: boolean
}

/** Some 40 MiB in memory: 100 MB/s where an answer takes a third of a second. */
const requests = { pieceBytes: 8 << 20, ahead: 4 } as const

/** Dropped connections in a row, without a byte in between, before giving up. */
const maxResumes = 5

/**
 * The archive as it is stored, volume after volume, each compared with the manifest's size and
 * SHA-256 as it ends. A dropped connection goes on where it stopped.
 */
export async function* readArchive(
  storage: Storage,
  manifest: Manifest,
  options: ReadArchiveOptions,
): AsyncGenerator<Uint8Array> {
  const { signal, reusesMemory = false } = options
  const pieces = new BufferPool(requests.pieceBytes, { isShared: true })
  const memory = reusesMemory ? pieces : undefined
  let fetched = 0
  for (const volume of manifest.archives) {
    const hash = createHash('sha256')
    let bytes = 0
    const whole = { start: 0, end: volume.bytes, signal, memory }
    for await (const chunk of readVolume(storage, volume, whole)) {
      hash.update(chunk)
      bytes += chunk.byteLength
      fetched += chunk.byteLength
      options.onFetched?.(fetched)
      yield chunk
    }
    if (bytes !== volume.bytes || hash.digest('hex') !== volume.sha256) {
      throw notWhatWasStored(storage, volume)
    }
  }
}

/**
 * Bytes `start` to `end` of the archive, all volumes joined. What they hold is not compared with
 * anything here: that is for who decodes them.
 */
export async function* readArchiveRange(
  storage: Storage,
  manifest: Manifest,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  let volumeStart = 0
  for (const volume of manifest.archives) {
    const start = Math.max(range.start, volumeStart) - volumeStart
    const end = Math.min(range.end - volumeStart, volume.bytes)
    if (start < end) yield* readVolume(storage, volume, { start, end, signal: range.signal })
    volumeStart += volume.bytes
  }
}

type StoredBytes = Pick<ManifestArchive, 'key' | 'bytes'>

interface ByteRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly signal: AbortSignal
  /** Chunks lie in it, and are filled again once the next one is asked for. */
  readonly memory?: BufferPool | undefined
}

/**
 * Bytes of one stored object whose size is known, by several requests at a time. A dropped connection
 * goes on where it stopped.
 */
export async function* readVolume(
  storage: Storage,
  volume: StoredBytes,
  { signal, memory, ...span }: ByteRange,
): AsyncGenerator<Uint8Array> {
  const fetch = (piece: ByteSpan, pieceSignal: AbortSignal) =>
    readPiece(storage, volume, { ...piece, signal: pieceSignal })
  yield* fetchAhead(span, fetch, { ...requests, memory, signal })
}

/** A body that ends early without an error is a dropped connection too. */
async function* readPiece(
  storage: Storage,
  volume: StoredBytes,
  { start, end, signal }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let at = start
  let resumes = 0
  while (at < end) {
    const before = at
    let failure: unknown
    try {
      for await (const chunk of readFrom(storage, volume, { start: at, end, signal })) {
        at += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      if (!mayPass(error)) throw error
      failure = error
    }
    resumes = at > before ? 0 : resumes + 1
    if (resumes > maxResumes) throw failure ?? notWhatWasStored(storage, volume)
  }
}

async function* readFrom(
  storage: Storage,
  volume: StoredBytes,
  { start, end, signal }: ByteRange,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted()
  const object = await storage.get(volume.key, { range: { start, end }, signal })
  if (object.totalBytes !== volume.bytes) throw notWhatWasStored(storage, volume)
  yield* object.body
}

function mayPass(error: unknown): boolean {
  return (['network', 'timeout', 'unavailable', 'throttled'] as const).some((code) =>
    isStorageError(error, code),
  )
}

function notWhatWasStored(storage: Storage, volume: StoredBytes): BackupError {
  return new BackupError(
    'not-verified',
    `${storage.location}/${volume.key} is not what was stored: its size or SHA-256 differs from the manifest's`,
    { permanent: true, remedy: 'Restore another backup; keep this one for inspection.' },
  )
}
