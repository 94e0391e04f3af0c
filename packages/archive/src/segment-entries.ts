/**
 * The entries of a segment in one run of bytes, each already worded as the index will have it.
 *
 * A reader thread tells of some 25,000 entries a second. As objects they would be made once there and once
 * more by the thread they are sent to, only to become lines of the index: that was nine tenths of what the
 * collector had to do. As records in shared memory they are neither copied between threads nor garbage.
 *
 * A record is offset and size (float64), the length of the wording (uint32), what it is (uint8), all little
 * endian, then the wording: JSON in UTF-8, everything about the entry but where it lies.
 */
import { decodeEntry, encodeEntry } from './index-format.ts'
import type { SegmentEntry } from './segment.ts'

const at = { offset: 0, size: 8, length: 16, kind: 20, text: 21 } as const

const kindOf = { file: 1, stream: 2, directory: 0, symlink: 0, link: 0 } as const

/** UTF-8 of a string, which counts UTF-16 units, is at most this many times as long. */
const bytesPerUnit = 3

/** What passes between threads: the records are in the first `bytes` of `memory`. */
export interface PackedEntries<Memory extends ArrayBufferLike = ArrayBufferLike> {
  readonly memory: Memory
  readonly bytes: number
  readonly length: number
}

/** Packs entries one by one into memory that grows as needed. */
export class EntryPacker<Memory extends ArrayBufferLike> {
  readonly #allocate: (bytes: number) => Memory
  #memory: Memory
  #records: Buffer
  #filled = 0
  #length = 0

  /** Begins in `memory`; what is larger is got from `allocate`. */
  constructor(memory: Memory, allocate: (bytes: number) => Memory) {
    this.#allocate = allocate
    this.#memory = memory
    this.#records = Buffer.from(memory)
  }

  get length(): number {
    return this.#length
  }

  add(entry: SegmentEntry): void {
    const text = encodeEntry(entry)
    const start = this.#filled
    this.#ensure(start + at.text + bytesPerUnit * text.length)
    const records = this.#records
    const length = records.write(text, start + at.text, 'utf8')
    records.writeDoubleLE(entry.offset, start + at.offset)
    records.writeDoubleLE(entry.size, start + at.size)
    records.writeUInt32LE(length, start + at.length)
    records[start + at.kind] = kindOf[entry.type]
    this.#filled = start + at.text + length
    this.#length++
  }

  packed(): PackedEntries<Memory> {
    return { memory: this.#memory, bytes: this.#filled, length: this.#length }
  }

  #ensure(bytes: number): void {
    if (bytes <= this.#records.length) return
    this.#memory = this.#allocate(Math.max(bytes, 2 * this.#records.length))
    const larger = Buffer.from(this.#memory)
    this.#records.copy(larger, 0, 0, this.#filled)
    this.#records = larger
  }
}

/** Entries in the order of the segment. */
export class SegmentEntries implements Iterable<SegmentEntry> {
  static readonly none: SegmentEntries = SegmentEntries.of([])
  readonly length: number
  readonly #records: Buffer

  constructor({ memory, bytes, length }: PackedEntries) {
    this.length = length
    this.#records = Buffer.from(memory, 0, bytes)
  }

  static of(entries: readonly SegmentEntry[]): SegmentEntries {
    const allocate = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes)
    const packer = new EntryPacker(allocate(512 * entries.length), allocate)
    for (const entry of entries) packer.add(entry)
    return new SegmentEntries(packer.packed())
  }

  /** To look at one after the other without making an object of each. */
  cursor(): EntryCursor {
    return new EntryCursor(this.#records)
  }

  *[Symbol.iterator](): Generator<SegmentEntry, void, undefined> {
    const cursor = this.cursor()
    while (cursor.next()) yield cursor.entry()
  }
}

export class EntryCursor {
  /** Of the entry at hand: where its header lies in the segment, and its content's bytes. */
  offset = 0
  size = 0
  isFile = false
  isStream = false
  readonly #records: Buffer
  #text = 0
  #end = 0

  constructor(records: Buffer) {
    this.#records = records
  }

  /** Goes on to the next entry; false when there is none. */
  next(): boolean {
    const start = this.#end
    const records = this.#records
    if (start >= records.length) return false
    this.offset = records.readDoubleLE(start + at.offset)
    this.size = records.readDoubleLE(start + at.size)
    this.isFile = records[start + at.kind] === kindOf.file
    this.isStream = records[start + at.kind] === kindOf.stream
    this.#text = start + at.text
    this.#end = this.#text + records.readUInt32LE(start + at.length)
    return true
  }

  /** The wording in UTF-8: valid as long as the segment's memory is. */
  text(): Buffer {
    return this.#records.subarray(this.#text, this.#end)
  }

  /** How many bytes `text` has. */
  get textBytes(): number {
    return this.#end - this.#text
  }

  /** Copies the wording, less what it ends in, and returns where it ends. */
  copyText(into: Buffer, place: number, endBytes: number): number {
    return place + this.#records.copy(into, place, this.#text, this.#end - endBytes)
  }

  entry(): SegmentEntry {
    return { ...decodeEntry(this.text().toString()), offset: this.offset }
  }
}
