import { promisify } from 'node:util'
import { constants, type ZstdOptions, zstdCompress } from 'node:zlib'
import { ByteChannel } from './byte-channel.ts'
import {
  encodeIndexEntry,
  type IndexEntry,
  type IndexFooter,
  type IndexFrame,
  indexEntryOf,
  type Placement,
} from './index-format.ts'
import type { SegmentEntry } from './segment.ts'

const plainFrameBytes = 1 << 20
const zstd = promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress)
const compress = (plain: Uint8Array): Promise<Buffer> =>
  zstd(plain, { chunkSize: 256 << 10, params: { [constants.ZSTD_c_checksumFlag]: 1 } })
const maxInFlight = 2

/** Turns entries into the index object's bytes while the archive is written. */
export class IndexWriter {
  readonly object: ByteChannel = new ByteChannel()
  readonly #frames: IndexFrame[] = []
  #files = 0
  #lines: string[] = []
  #lineChars = 0
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

  add(entry: SegmentEntry, place: Placement): void {
    const added = indexEntryOf(entry, place)
    if (this.#continue(added)) return
    this.#endStream()
    if (added.type === 'stream') this.#stream = added
    else this.#write(added)
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

  /** True when `next` is one more member of the stream at hand. */
  #continue(next: IndexEntry): boolean {
    const stream = this.#stream
    if (!stream || next.type !== 'stream' || next.path !== stream.path) return false
    this.#stream = {
      ...stream,
      size: stream.size + next.size,
      members: (stream.members ?? 1) + 1,
    }
    return true
  }

  #endStream(): void {
    if (this.#stream) this.#write(this.#stream)
    this.#stream = null
  }

  #write(entry: IndexEntry): void {
    if (this.#lines.length === 0) this.#first = entry.path
    if (entry.type === 'file' || entry.type === 'stream') this.#files++
    const line = encodeIndexEntry(entry)
    this.#lines.push(line)
    this.#lineChars += line.length + 1
    if (this.#lineChars >= plainFrameBytes) this.#sealLines()
  }

  #seal(): void {
    this.#endStream()
    if (this.#lines.length > 0) this.#sealLines()
  }

  #sealLines(): void {
    const sealed = { entries: this.#lines.length, part: this.#part, first: this.#first }
    const compressed = compress(Buffer.from(`${this.#lines.join('\n')}\n`))
    this.#lines = []
    this.#lineChars = 0
    this.#inFlight++
    this.#last = Promise.all([compressed, this.#last]).then(([bytes]) => {
      this.#inFlight--
      this.#frames.push({ offset: this.#offset, bytes: bytes.length, ...sealed })
      this.#offset += bytes.length
      this.object.push(bytes)
    })
    // It is awaited by `drain` and `finish`; giving the archive up in between is no second failure.
    this.#last.catch(() => {})
  }
}
