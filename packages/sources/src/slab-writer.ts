import { readSync } from 'node:fs'
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

/** To be copied: `fill` sets shared memory byte by byte. */
const zeroBytes = Buffer.alloc(64 << 10)

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
    const slab = this.#open()
    this.#entries.push({ ...entry, offset: this.#filled })
    if (this.#slabBytes - this.#filled >= bound) {
      this.#filled = encodeTarHeader(header, slab, this.#filled)
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
    const count = readSync(descriptor, this.#open(), this.#filled, size, null)
    this.#filled += count
    return count
  }

  /** Copies content that is in memory already. */
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.#open(), this.#filled, at)
      this.#filled += copied
      at += copied
    }
  }

  /** Ends an entry's content. */
  pad(size: number): void {
    this.zeros(paddingOf(size))
  }

  zeros(count: number): void {
    for (let left = count; left > 0; left -= zeroBytes.length) {
      this.write(zeroBytes.subarray(0, left))
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

  /** The slab, with room for at least one byte. */
  #open(): Buffer<SharedArrayBuffer> {
    if (this.#filled === this.#slabBytes) this.ship()
    this.#slab ??= Buffer.from(this.#outbox.slab(this.#slabBytes))
    return this.#slab
  }
}
