import { promisify } from 'node:util'
import { constants, type ZstdOptions, zstdCompress } from 'node:zlib'
import { BufferPool } from '@backstream/kernel'
import { ByteChannel } from './byte-channel.ts'
import {
  decodeEntry,
  encodeEntry,
  type IndexEntry,
  type IndexFooter,
  type IndexFrame,
  type Placement,
  placeEnding,
} from './index-format.ts'
import type { EntryCursor } from './segment-entries.ts'

const plainFrameBytes = 1 << 20
/** A frame ends before an entry that would not fit; only one that is longer than that by itself is larger. */
const bufferBytes = plainFrameBytes + (64 << 10)
/** `,"frame":…,"offset":…}` and the line's end, at their longest. */
const endingBytes = 64
const zstd = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress)
const compress = (plain: Uint8Array): Promise<Buffer> =>
  zstd(plain, { chunkSize: 256 << 10, params: { [constants.ZSTD_c_checksumFlag]: 1 } })
const maxInFlight = 2

/** Turns entries into the index object's bytes while the archive is written. */
export class IndexWriter {
  readonly object: ByteChannel = new ByteChannel()
  readonly #frames: IndexFrame[] = []
  readonly #buffers = new BufferPool(bufferBytes)
  #files = 0
  #buffer: Buffer | null = null
  #filled = 0
  #entries = 0
  #first = ''
  #part = 0
  #stream: IndexEntry | null = null
  #offset = 0
  #inFlight = 0
  #last: Promise<void> = Promise.resolve()

  /** Regular files so far; a stream counts once. */
  get files(): number {
    return this.#files
  }

  startPart(part: number): void {
    this.#seal()
    this.#part = part
  }

  /** Adds the entry at hand. */
  add(cursor: EntryCursor, place: Placement): void {
    if (cursor.isStream) {
      this.#addMember({ ...decodeEntry(cursor.text().toString()), ...place })
      return
    }
    this.#endStream()
    if (cursor.isFile) this.#files++
    const buffer = this.#open(cursor.textBytes)
    if (this.#entries === 0) this.#first = cursor.entry().path
    const at = cursor.copyText(buffer, this.#filled, 1)
    this.#endLine(buffer, at, place)
  }

  /** Waits while more frames are being compressed than memory should hold. */
  async drain(): Promise<void> {
    if (this.#inFlight > maxInFlight) await this.#last
  }

  /** Writes the footer, last; returns where it lies. The object is ended by its owner. */
  async finish(
    footer: Omit<IndexFooter, 'index'>,
  ): Promise<{ readonly offset: number; readonly bytes: number }> {
    this.#seal()
    await this.#last
    const text = JSON.stringify({ ...footer, index: this.#frames } satisfies IndexFooter)
    const bytes = await compress(Buffer.from(text))
    this.object.push(bytes)
    return { offset: this.#offset, bytes: bytes.length }
  }

  #addMember(member: IndexEntry): void {
    const stream = this.#stream
    if (stream && member.path === stream.path) {
      const { size, members = 1 } = stream
      this.#stream = { ...stream, size: size + member.size, members: members + 1 }
      return
    }
    this.#endStream()
    this.#stream = { ...member, members: 1 }
  }

  #endStream(): void {
    const stream = this.#stream
    if (!stream) return
    this.#stream = null
    this.#files++
    const text = Buffer.from(encodeEntry(stream))
    const buffer = this.#open(text.length)
    if (this.#entries === 0) this.#first = stream.path
    this.#endLine(
      buffer,
      this.#filled + text.copy(buffer, this.#filled, 0, text.length - 1),
      stream,
    )
  }

  /** Memory with room for one more line. */
  #open(textBytes: number): Buffer {
    const needed = textBytes + endingBytes
    if (this.#buffer && this.#filled + needed > this.#buffer.length) this.#sealLines()
    this.#buffer ??= needed > bufferBytes ? Buffer.allocUnsafeSlow(needed) : this.#buffers.take()
    return this.#buffer
  }

  #endLine(buffer: Buffer, at: number, place: Placement): void {
    this.#filled = at + buffer.write(placeEnding(place), at, 'latin1')
    this.#entries++
    if (this.#filled >= plainFrameBytes) this.#sealLines()
  }

  #seal(): void {
    this.#endStream()
    if (this.#entries > 0) this.#sealLines()
  }

  #sealLines(): void {
    const sealed = { entries: this.#entries, part: this.#part, first: this.#first }
    const buffer = this.#buffer ?? Buffer.alloc(0)
    const compressed = compress(buffer.subarray(0, this.#filled))
    this.#buffer = null
    this.#filled = 0
    this.#entries = 0
    this.#inFlight++
    this.#last = Promise.all([compressed, this.#last]).then(([bytes]) => {
      if (buffer.length === bufferBytes) this.#buffers.giveBack(buffer)
      this.#inFlight--
      this.#frames.push({ offset: this.#offset, bytes: bytes.length, ...sealed })
      this.#offset += bytes.length
      this.object.push(bytes)
    })
    // It is awaited by `drain` and `finish`; giving the archive up in between is no second failure.
    this.#last.catch(() => {})
  }
}
