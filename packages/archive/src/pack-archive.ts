/**
 * From segments to the archive's bytes.
 *
 *   parts → segments → plain frames → compressed frames → body
 *                   ↘ entries with their place → index
 *
 * Frames are compressed on libuv's pool, several at once; hashes are taken meanwhile, in slices. The
 * body ends only after the gate (`beforeEnd`) has let it; any error destroys it.
 */
import { availableParallelism } from 'node:os'
import { ArchiveError } from './archive-error.ts'
import { FrameAssembler, type PlainFrame } from './frame-assembler.ts'
import {
  type Compression,
  createFrameCompressor,
  type FrameCompressor,
} from './frame-compressor.ts'
import { type IndexWarning, indexFormat, type PartSummary } from './index-format.ts'
import { IndexWriter } from './index-writer.ts'
import { mapOrdered } from './ordered.ts'
import { PlainDigest } from './plain-digest.ts'
import type { TarSegment } from './segment.ts'
import { SegmentAudit } from './segment-audit.ts'
import { TAR_END_BYTES } from './tar-layout.ts'

export interface ArchivePart {
  /** Names the part in the index and in errors: the source's `at` or kind. */
  readonly label: string
  /** Whole tar entries; read once, after those of the part before it. */
  readonly segments: AsyncIterable<TarSegment>
  /** What the index should remember; asked once `segments` has ended well. */
  warnings?(): readonly IndexWarning[]
}

export interface PackOptions {
  readonly compression: Compression
  /** Plain bytes of a frame, default 4 MiB. */
  readonly frameBytes?: number
  /**
   * Frames compressed at once, each with some 12 MiB of memory. Default: the number of cores, at most
   * the 4 threads of libuv's pool; more only where UV_THREADPOOL_SIZE was raised at start.
   */
  readonly concurrency?: number
  readonly signal: AbortSignal
  /** The gate: awaited after the last byte and before the body's end. When it rejects, so does the body. */
  readonly beforeEnd?: () => Promise<void>
}

export interface PackedArchive {
  /** The archive, compressed. Iterated once; reading it drives everything. */
  readonly body: AsyncIterable<Uint8Array>
  /** The index object. Iterated once, beside the body or after it; fails when the body does. */
  readonly index: AsyncIterable<Uint8Array>
  /** Known from the gate on; throws before. */
  summary(): ArchiveSummary
}

export interface ArchiveSummary {
  /** Of the plain tar: `bytes`, `crc32` (hex) and `sha256` (hex) include its two zero blocks. */
  readonly content: {
    /** Tar entries, as `tar -t` counts them. */
    readonly entries: number
    /** Regular files; a stream counts once. */
    readonly files: number
    readonly bytes: number
    readonly crc32: string
    readonly sha256: string
  }
  readonly frames: number
  /** Plain bytes of a full frame. */
  readonly frameBytes: number
  readonly parts: readonly PartSummary[]
  readonly index: { readonly footer: { readonly offset: number; readonly bytes: number } }
}

const defaultFrameBytes = 4 << 20
const defaultConcurrency = (): number => Math.min(4, availableParallelism())

export function packArchive(parts: readonly ArchivePart[], options: PackOptions): PackedArchive {
  const packer = new Packer(parts, options)
  return {
    body: packer.body(),
    index: packer.index.object,
    summary: () => packer.summary(),
  }
}

class Packer {
  readonly index: IndexWriter = new IndexWriter()
  readonly #parts: readonly ArchivePart[]
  readonly #options: PackOptions
  readonly #assembler: FrameAssembler
  readonly #compressor: FrameCompressor
  readonly #digest = new PlainDigest()
  readonly #frames: number[] = []
  readonly #partSummaries: PartSummary[] = []
  readonly #warnings: IndexWarning[] = []
  #summary: ArchiveSummary | null = null

  constructor(parts: readonly ArchivePart[], options: PackOptions) {
    this.#parts = parts
    this.#options = options
    this.#assembler = new FrameAssembler(options.frameBytes ?? defaultFrameBytes)
    this.#compressor = createFrameCompressor(options.compression)
    // Also when the body is given up before it was begun: whoever waits for the index must not hang.
    options.signal.addEventListener('abort', this.#abortIndex, { once: true })
  }

  readonly #abortIndex = (): void => this.index.object.fail(this.#options.signal.reason)

  summary(): ArchiveSummary {
    if (!this.#summary) throw new ArchiveError('unfinished', 'the archive is not finished')
    return this.#summary
  }

  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal, beforeEnd, concurrency = defaultConcurrency() } = this.#options
    try {
      // One more than there are cores, so that none waits while a frame is handed over.
      const frames = mapOrdered(this.#plainFrames(), concurrency + 1, (frame) => this.#pack(frame))
      for await (const { pieces, plainBytes } of frames) {
        signal.throwIfAborted()
        this.#frames.push(sizeOf(pieces), plainBytes)
        yield* pieces
      }
      await this.#finish()
      await beforeEnd?.()
      signal.throwIfAborted()
      this.index.object.end()
    } catch (error) {
      this.index.object.fail(error)
      throw error
    } finally {
      this.#compressor[Symbol.dispose]()
      signal.removeEventListener('abort', this.#abortIndex)
      this.index.object.fail(
        new ArchiveError('unfinished', 'the archive was given up before its end'),
      )
    }
  }

  async *#plainFrames(): AsyncGenerator<PlainFrame, void, undefined> {
    for (const [at, part] of this.#parts.entries()) {
      yield* this.#partFrames(part, at)
    }
    yield* this.#assembler.add({ bytes: new Uint8Array(TAR_END_BYTES) })
    const last = this.#assembler.flush()
    if (last) yield last
  }

  async *#partFrames(part: ArchivePart, at: number): AsyncGenerator<PlainFrame, void, undefined> {
    const last = this.#assembler.flush()
    if (last) yield last
    const firstFrame = this.#assembler.frame
    const counts = { entries: 0, bytes: 0 }
    const audit = new SegmentAudit(part.label)
    this.index.startPart(at)
    for await (const segment of part.segments) {
      this.#options.signal.throwIfAborted()
      audit.add(segment)
      this.#note(segment, counts)
      yield* this.#assembler.add(segment)
      await this.index.drain()
    }
    this.#options.signal.throwIfAborted()
    audit.end()
    const lastFrame = this.#assembler.frame - (this.#assembler.filled === 0 ? 1 : 0)
    this.#partSummaries.push({ label: part.label, ...counts, firstFrame, lastFrame })
    for (const warning of part.warnings?.() ?? []) this.#warnings.push(warning)
  }

  #note(segment: TarSegment, counts: { entries: number; bytes: number }): void {
    const { frame, filled, frameBytes } = this.#assembler
    for (const entry of segment.entries) {
      const at = filled + entry.offset
      const place = { frame: frame + Math.floor(at / frameBytes), offset: at % frameBytes }
      this.index.add(entry, place)
      counts.bytes += entry.size
    }
    counts.entries += segment.entries.length
  }

  async #pack(
    frame: PlainFrame,
  ): Promise<{ readonly pieces: readonly Uint8Array[]; readonly plainBytes: number }> {
    const plainBytes = frame.bytes.length
    const compressing = this.#compressor.compress(frame.bytes)
    compressing.catch(() => {}) // awaited below, after the digest has let go of the bytes
    await this.#digest.update(frame.bytes)
    const pieces = await compressing
    // Uncompressed frames are handed on as they are, and whoever gets them may keep them.
    if (this.#options.compression.algorithm !== 'none') frame.release()
    return { pieces, plainBytes }
  }

  async #finish(): Promise<void> {
    const { algorithm } = this.#options.compression
    const { frameBytes } = this.#assembler
    const parts = this.#partSummaries
    const footer = await this.index.finish({
      format: indexFormat,
      algorithm,
      frameBytes,
      frames: this.#frames,
      parts,
      warnings: this.#warnings,
    })
    this.#summary = {
      content: {
        entries: parts.reduce((total, { entries }) => total + entries, 0),
        files: this.index.files,
        ...this.#digest.finish(),
      },
      frames: this.#frames.length / 2,
      frameBytes,
      parts,
      index: { footer },
    }
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0)
}
