/**
 * From segments to the archive's bytes.
 *
 *   parts → segments → plain frames → compressed frames → body, seek table
 *                   ↘ entries with their place → index
 *
 * Frames are compressed on libuv's pool, several at once. The body ends only after the gate
 * (`beforeEnd`) has let it; any error destroys it.
 */
import { availableParallelism } from 'node:os'
import { crc32 } from 'node:zlib'
import { ArchiveError } from './archive-error.ts'
import { cutBeforeLarge } from './cut-segment.ts'
import { FrameAssembler, type PlainFrame } from './frame-assembler.ts'
import {
  type CompressedFrame,
  type Compression,
  createFrameCompressor,
  type FrameCompressor,
} from './frame-compressor.ts'
import { type IndexWarning, indexFormat, type PartSummary } from './index-format.ts'
import { IndexWriter } from './index-writer.ts'
import { mapOrderedPromptly } from './ordered.ts'
import { encodeSeekTable } from './seek-table.ts'
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
   * Frames under way at once, each with some 10 MiB of memory, compressed by the 4 threads of libuv's pool
   * (UV_THREADPOOL_SIZE at start). Default: one for each core, at most 4, and two more, so that a core
   * has its next one while the main thread hashes what another has done.
   */
  readonly concurrency?: number
  /**
   * Chunks of the body are filled again once the next one is asked for: only for a consumer that keeps
   * none of them. Without it each chunk is memory of its own.
   */
  readonly reusesMemory?: boolean
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
  /** Of the plain tar: `bytes` and `crc32` (hex) include its two zero blocks. */
  readonly content: {
    /** Tar entries, as `tar -t` counts them. */
    readonly entries: number
    /** Regular files; a stream counts once. */
    readonly files: number
    readonly bytes: number
    readonly crc32: string
  }
  readonly frames: number
  /** Plain bytes of a full frame. */
  readonly frameBytes: number
  readonly parts: readonly PartSummary[]
  readonly index: { readonly footer: { readonly offset: number; readonly bytes: number } }
}

const defaultFrameBytes = 4 << 20
const defaultConcurrency = (): number => Math.min(4, availableParallelism()) + 2

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
  #plainBytes = 0
  #crc = 0
  readonly #frames: number[] = []
  readonly #partSummaries: PartSummary[] = []
  readonly #warnings: IndexWarning[] = []
  #summary: ArchiveSummary | null = null

  constructor(parts: readonly ArchivePart[], options: PackOptions) {
    this.#parts = parts
    this.#options = options
    const { compression, frameBytes = defaultFrameBytes, reusesMemory = false } = options
    this.#assembler = new FrameAssembler(frameBytes)
    this.#compressor = createFrameCompressor({ ...compression, frameBytes, reusesMemory })
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
      const frames = mapOrderedPromptly(this.#plainFrames(), concurrency, (frame) =>
        this.#pack(frame),
      )
      for await (const { pieces, plainBytes, release } of frames) {
        signal.throwIfAborted()
        this.#frames.push(sizeOf(pieces), plainBytes)
        yield* pieces
        release()
      }
      if (this.#options.compression.algorithm === 'zstd') yield encodeSeekTable(this.#frames)
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
      for (const piece of cutBeforeLarge(segment, this.#assembler.frameBytes)) {
        const before = piece.beginsFrame ? this.#assembler.flush() : null
        if (before) yield before
        this.#note(piece, counts)
        yield* this.#assembler.add(piece)
      }
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
    const cursor = segment.entries.cursor()
    while (cursor.next()) {
      const at = filled + cursor.offset
      const place = { frame: frame + Math.floor(at / frameBytes), offset: at % frameBytes }
      this.index.add(cursor, place)
      counts.bytes += cursor.size
    }
    counts.entries += segment.entries.length
  }

  /** Called in the frames' order, whatever the order is in which they are done. */
  async #pack(frame: PlainFrame): Promise<PackedFrame> {
    const plainBytes = frame.bytes.length
    this.#plainBytes += plainBytes
    this.#crc = crc32(frame.bytes, this.#crc)
    const { pieces, release } = await this.#compressor.compress(frame.bytes)
    if (this.#options.compression.algorithm !== 'none') {
      frame.release()
      return { pieces, plainBytes, release }
    }
    // These are the plain bytes themselves, and whoever gets them may keep them.
    const isKept = this.#options.reusesMemory !== true
    return { pieces, plainBytes, release: isKept ? release : () => frame.release() }
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
        bytes: this.#plainBytes,
        crc32: this.#crc.toString(16).padStart(8, '0'),
      },
      frames: this.#frames.length / 2,
      frameBytes,
      parts,
      index: { footer },
    }
  }
}

interface PackedFrame extends CompressedFrame {
  readonly plainBytes: number
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0)
}
