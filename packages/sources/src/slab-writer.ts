import {
  encodeTarHeader,
  paddingOf,
  type SegmentEntry,
  type TarHeaderFields,
  tarHeaderBound,
} from '@backstream/archive/tar'
import type { ReaderOutbox } from './reader-outbox.ts'
import type { ListedEntry } from './reader-thread-protocol.ts'

/** Entries of a slab are copied between threads and written into the index in one turn: not too many. */
const maxEntries = 2048

/** Where memory comes from, and where it goes when it is full. */
export type SlabOutlet = Pick<ReaderOutbox, 'slab' | 'post'>

/**
 * Packs headers and contents into slabs of one size, each posted when it is full. A slab is as large
 * as a frame of the archive, so that it can be compressed as it is.
 */
export class SlabWriter {
  readonly #outbox: SlabOutlet
  readonly #slabBytes: number
  #slab: Buffer<SharedArrayBuffer> | null = null
  #filled = 0
  #entries: SegmentEntry[] = []

  constructor(outbox: SlabOutlet, slabBytes: number) {
    this.#outbox = outbox
    this.#slabBytes = slabBytes
  }

  header(header: TarHeaderFields, entry: ListedEntry): void {
    if (this.#entries.length >= maxEntries) this.ship()
    const bound = tarHeaderBound(header)
    const room = this.room()
    this.#entries.push({ ...entry, offset: this.#filled })
    if (room.length >= bound) {
      const slab = this.#current()
      this.#filled = encodeTarHeader(header, slab, this.#filled)
      return
    }
    const scratch = Buffer.allocUnsafe(bound)
    this.#append(scratch.subarray(0, encodeTarHeader(header, scratch, 0)))
  }

  /** Where content is to be read to: the rest of the slab, at least one byte. */
  room(): Buffer {
    if (this.#filled === this.#slabBytes) this.ship()
    return this.#current().subarray(this.#filled)
  }

  /** Says how much of `room()` was filled. */
  advance(bytes: number): void {
    this.#filled += bytes
  }

  /** Ends an entry's content. */
  pad(size: number): void {
    this.zeros(paddingOf(size))
  }

  zeros(count: number): void {
    for (let left = count; left > 0; ) {
      const room = this.room()
      const size = Math.min(left, room.length)
      room.fill(0, 0, size)
      this.#filled += size
      left -= size
    }
  }

  /** Posts what there is. */
  ship(): void {
    if (this.#slab === null || this.#filled === 0) return
    const [slab, bytes, entries] = [this.#slab.buffer, this.#filled, this.#entries]
    this.#slab = null
    this.#filled = 0
    this.#entries = []
    this.#outbox.post({ kind: 'segment', slab, bytes, entries })
  }

  #append(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.room(), 0, at)
      this.#filled += copied
      at += copied
    }
  }

  #current(): Buffer<SharedArrayBuffer> {
    this.#slab ??= Buffer.from(this.#outbox.slab(this.#slabBytes))
    return this.#slab
  }
}
