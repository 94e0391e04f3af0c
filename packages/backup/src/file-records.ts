/**
 * What a file thread is told, as records one behind the other in a slab of shared memory: a path, pieces
 * of content, attributes. A file may begin in one slab and end in another.
 */
import type { FileAttributes } from './file-sink.ts'

const kinds = { begin: 1, content: 2, end: 3, abandon: 4 } as const
const headBytes = { begin: 3, content: 5, end: 34 } as const
/** Of the one record that always fits. */
const abandonBytes = 1

export class RecordWriter {
  readonly #slab: Buffer
  #filled = 0

  constructor(slab: Buffer) {
    this.#slab = slab
  }

  get filled(): number {
    return this.#filled
  }

  /** False where it does not fit, as with `end`. */
  begin(path: Buffer): boolean {
    const at = this.#reserve(headBytes.begin + path.length)
    if (at === null) return false
    this.#slab.writeUInt8(kinds.begin, at)
    this.#slab.writeUInt16LE(path.length, at + 1)
    path.copy(this.#slab, at + headBytes.begin)
    return true
  }

  /** As much of it as fits; returns how many bytes that is. */
  content(bytes: Uint8Array): number {
    const room = this.#slab.length - abandonBytes - this.#filled - headBytes.content
    const size = Math.min(room, bytes.length)
    if (size <= 0) return 0
    const at = this.#filled
    this.#slab.writeUInt8(kinds.content, at)
    this.#slab.writeUInt32LE(size, at + 1)
    this.#slab.set(size === bytes.length ? bytes : bytes.subarray(0, size), at + headBytes.content)
    this.#filled += headBytes.content + size
    return size
  }

  end({ owner, mode, mtimeMs }: FileAttributes): boolean {
    const at = this.#reserve(headBytes.end)
    if (at === null) return false
    this.#slab.writeUInt8(kinds.end, at)
    this.#slab.writeUInt8(owner ? 1 : 0, at + 1)
    this.#slab.writeDoubleLE(owner?.uid ?? 0, at + 2)
    this.#slab.writeDoubleLE(owner?.gid ?? 0, at + 10)
    this.#slab.writeDoubleLE(mode, at + 18)
    this.#slab.writeDoubleLE(mtimeMs, at + 26)
    return true
  }

  abandon(): void {
    this.#slab.writeUInt8(kinds.abandon, this.#filled)
    this.#filled += abandonBytes
  }

  #reserve(bytes: number): number | null {
    const at = this.#filled
    if (at + bytes + abandonBytes > this.#slab.length) return null
    this.#filled += bytes
    return at
  }
}

export interface RecordReader {
  begin(path: Buffer): void
  /** A view of the slab. */
  content(bytes: Buffer): void
  end(attributes: FileAttributes): void
  abandon(): void
}

/** Calls the reader for each record, in their order. */
export function readRecords(slab: Buffer, reader: RecordReader): void {
  for (let at = 0; at < slab.length; ) {
    const kind = slab.readUInt8(at)
    switch (kind) {
      case kinds.begin: {
        const start = at + headBytes.begin
        at = start + slab.readUInt16LE(at + 1)
        // A copy, for as long as the file is made.
        reader.begin(Buffer.from(slab.subarray(start, at)))
        break
      }
      case kinds.content: {
        const start = at + headBytes.content
        at = start + slab.readUInt32LE(at + 1)
        reader.content(slab.subarray(start, at))
        break
      }
      case kinds.end:
        reader.end(attributesAt(slab, at))
        at += headBytes.end
        break
      case kinds.abandon:
        reader.abandon()
        at += abandonBytes
        break
      default:
        throw new RangeError(`there is no record of kind ${kind}`)
    }
  }
}

function attributesAt(slab: Buffer, at: number): FileAttributes {
  const hasOwner = slab.readUInt8(at + 1) === 1
  const owner = { uid: slab.readDoubleLE(at + 2), gid: slab.readDoubleLE(at + 10) }
  return {
    owner: hasOwner ? owner : null,
    mode: slab.readDoubleLE(at + 18),
    mtimeMs: slab.readDoubleLE(at + 26),
  }
}
