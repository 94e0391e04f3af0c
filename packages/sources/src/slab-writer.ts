import { readSync } from 'node:fs'
import {
  EntryPacker,
  encodeTarHeader,
  paddingOf,
  type TarHeaderFields,
  tarHeaderBound,
} from '@backstream/archive/tar'
import type { ReaderOutbox } from './reader-outbox.ts'
import type { ListedEntry, Slab } from './reader-thread-protocol.ts'

/** Entries of a slab are copied between threads and written into the index in one turn: not too many. */
const maxEntries = 2048

/** Copied from its second byte on, which is done in native code (see `copyBytes`), as `fill` is not. */
const zeroBytes = Buffer.alloc((64 << 10) + 1)

/** Where memory comes from, and where it goes when it is full. */
export type SlabOutlet = Pick<ReaderOutbox, 'slab' | 'post'>

/**
 * Packs headers and contents into slabs of one size, each posted when it is full. A slab is as large
 * as a frame of the archive, so that it can be compressed as it is.
 */
export class SlabWriter {
  readonly #outbox: SlabOutlet
  readonly #slabBytes: number
  #slab: OpenSlab | null = null
  #filled = 0

  constructor(outbox: SlabOutlet, slabBytes: number) {
    this.#outbox = outbox
    this.#slabBytes = slabBytes
  }

  header(header: TarHeaderFields, entry: ListedEntry): void {
    // A large member begins a frame: from the start of a slab its frames are slabs, and nothing is copied.
    const isLarge = entry.size >= this.#slabBytes
    if (isLarge || (this.#slab?.entries.length ?? 0) >= maxEntries) this.ship()
    const bound = tarHeaderBound(header)
    const { content, entries } = this.#open()
    entries.add({ ...entry, offset: this.#filled })
    if (this.#slabBytes - this.#filled >= bound) {
      this.#filled = encodeTarHeader(header, content, this.#filled)
      return
    }
    const scratch = Buffer.allocUnsafe(bound)
    this.write(scratch.subarray(0, encodeTarHeader(header, scratch, 0)))
  }

  /** How much `read` may take at once: the rest of the slab, at least one byte. */
  room(): number {
    if (this.#filled === this.#slabBytes) this.ship()
    return this.#slabBytes - this.#filled
  }

  /** Reads up to `size` bytes of an open file, within `room()`; 0 at its end. Throws as `readSync` does. */
  read(descriptor: number, size: number): number {
    const count = readSync(descriptor, this.#open().content, this.#filled, size, null)
    this.#filled += count
    return count
  }

  /** Copies content that is in memory already. */
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.#open().content, this.#filled, at)
      this.#filled += copied
      at += copied
    }
  }

  /** Ends an entry's content. */
  pad(size: number): void {
    this.zeros(paddingOf(size))
  }

  zeros(count: number): void {
    for (let left = count; left > 0; ) {
      const { content } = this.#open()
      const copied = zeroBytes.copy(content, this.#filled, 1, Math.min(zeroBytes.length, 1 + left))
      this.#filled += copied
      left -= copied
    }
  }

  /** Posts what there is. */
  ship(): void {
    if (this.#slab === null || this.#filled === 0) return
    const { content, entries } = this.#slab
    const bytes = this.#filled
    this.#slab = null
    this.#filled = 0
    this.#outbox.post({
      kind: 'segment',
      content: content.buffer,
      bytes,
      entries: entries.packed(),
    })
  }

  /** The slab, with room for at least one byte. */
  #open(): OpenSlab {
    if (this.#filled === this.#slabBytes) this.ship()
    this.#slab ??= openSlab(this.#outbox.slab(this.#slabBytes))
    return this.#slab
  }
}

interface OpenSlab {
  readonly content: Buffer<SharedArrayBuffer>
  readonly entries: EntryPacker<SharedArrayBuffer>
}

function openSlab({ content, entries }: Slab): OpenSlab {
  const allocate = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes)
  return {
    content: Buffer.from(content, 0, content.byteLength),
    entries: new EntryPacker(entries, allocate),
  }
}
