import { availableParallelism } from 'node:os'
import { BufferPool, copyBytes } from '@backstream/kernel'
import { ByteReader } from './byte-reader.ts'
import type { Compression } from './frame-compressor.ts'
import { createFrameDecoder, type PlainFrame } from './frame-decoder.ts'
import { gunzipMembers } from './gzip-members.ts'
import { mapOrdered } from './ordered.ts'
import { type ReadFrameOptions, readZstdFrame, type ZstdFrame } from './zstd-frames.ts'

export interface UnpackOptions {
  readonly algorithm: Compression['algorithm']
  readonly signal: AbortSignal
  /** Frames decompressed at once (zstd), default the number of cores, at most 4. */
  readonly concurrency?: number
  /** A frame that is larger, or asks for more memory, is refused; default 64 MiB. */
  readonly maxFrameBytes?: number
  /**
   * Chunks are filled again once so many more of them were asked for: only for a consumer that keeps
   * none for longer. Those in shared memory can be given to a thread for as long. Without it each chunk is
   * memory of its own, but for what is not compressed: that is passed on as it is read.
   */
  readonly reusedAfter?: number
}

const defaultMaxFrameBytes = 64 << 20

/**
 * The plain bytes of an archive, frame by frame.
 *
 * Every frame must be whole, its checksum and its declared size must hold, and nothing may stand
 * between or behind the frames: anything else is an `ArchiveError`, never a short output. What a cut
 * at a frame's boundary leaves out only the tar's end can tell: see `readTar`.
 */
export async function* unpackFrames(
  body: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { algorithm, signal } = options
  const reader = new ByteReader(body)
  try {
    switch (algorithm) {
      case 'none':
        yield* passThrough(reader, options)
        break
      case 'gzip':
        yield* gunzipMembers(reader, signal)
        break
      case 'zstd':
        yield* unzstd(reader, options)
        break
    }
  } finally {
    await reader.close()
  }
}

async function* passThrough(
  reader: ByteReader,
  { signal, reusedAfter }: UnpackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (reusedAfter === undefined) yield* chunksOf(reader, { signal })
  else yield* releasedAfter(reusedAfter, copiesOf(reader, signal))
}

async function* chunksOf(
  reader: ByteReader,
  { signal, bytes = Number.MAX_SAFE_INTEGER }: { signal: AbortSignal; bytes?: number },
): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    signal.throwIfAborted()
    const chunk = await reader.readSome(bytes)
    if (chunk === null) return
    yield chunk
  }
}

/** What the reader gives is gone when it reads on, which may be sooner than the consumer may expect. */
async function* copiesOf(
  reader: ByteReader,
  signal: AbortSignal,
): AsyncGenerator<PlainFrame, void, undefined> {
  const buffers = new BufferPool(copiedBytes, { isShared: true })
  for await (const chunk of chunksOf(reader, { signal, bytes: copiedBytes })) {
    const buffer = buffers.take()
    copyBytes(chunk, buffer, 0)
    const plain = buffer.subarray(0, chunk.length)
    yield { plain, release: () => buffers.giveBack(buffer) }
  }
}

const copiedBytes = 1 << 20

/** Each is released once so many more of them were asked for; none is where no number is said. */
async function* releasedAfter(
  count: number | undefined,
  frames: AsyncIterable<PlainFrame>,
): AsyncGenerator<Buffer, void, undefined> {
  const used: PlainFrame[] = []
  for await (const frame of frames) {
    yield frame.plain
    // Memory of its own, which goes with whoever keeps it.
    if (count === undefined) continue
    used.push(frame)
    if (used.length === count) used.shift()?.release()
  }
}

async function* unzstd(
  reader: ByteReader,
  options: UnpackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, maxFrameBytes = defaultMaxFrameBytes, reusedAfter } = options
  const reusesMemory = reusedAfter !== undefined
  const { concurrency = Math.min(4, availableParallelism()) } = options
  using decoder = createFrameDecoder({ maxFrameBytes, reusesMemory })
  const buffers = new BufferPool(usualStoredBytes, { isShared: true })
  const reading = reusesMemory ? { buffers } : {}
  const frames = zstdFrames(reader, { signal, maxFrameBytes, ...reading })
  const turns = inTurn(frames, (frame) => decoder.decode(frame))
  yield* releasedAfter(
    reusedAfter,
    mapOrdered(turns, concurrency + 1, (turn) => turn()),
  )
}

/** What cannot be read ends the output behind all that was read before it, and not earlier. */
async function* inTurn<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
): AsyncGenerator<() => Promise<R>, void, undefined> {
  try {
    for await (const item of items) yield () => work(item)
  } catch (error) {
    yield () => Promise.reject(error)
  }
}

/** A frame of 4 MiB that did not shrink. */
const usualStoredBytes = (4 << 20) + (32 << 10)

async function* zstdFrames(
  reader: ByteReader,
  { signal, ...options }: ReadFrameOptions & { readonly signal: AbortSignal },
): AsyncGenerator<ZstdFrame, void, undefined> {
  for (;;) {
    signal.throwIfAborted()
    const frame = await readZstdFrame(reader, options)
    if (frame === null) return
    yield frame
  }
}
