/**
 * A stream as tar members: a numbered series of one name, each of bounded size, since a header has to
 * say the size before the content comes. `tar -xOf archive.tar NAME` gives the stream back.
 */

import { createHash } from 'node:crypto'
import {
  encodeTarHeader,
  paddingOf,
  SegmentEntries,
  type TarHeaderFields,
  type TarSegment,
  tarHeaderBound,
  toByteString,
} from '@backstream/archive'
import { allocateLarge } from '@backstream/kernel'

export interface StreamMembersOptions {
  readonly name: string
  /** Bytes of a full member with its header: best a multiple of the archive's frames. */
  readonly memberBytes: number
  readonly mtimeMs: number
}

export interface StreamFacts {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
  readonly members: number
}

export class StreamMembers {
  readonly #options: StreamMembersOptions
  readonly #hash = createHash('sha256')
  /** Every member's header is as long as this one. */
  readonly #headerBytes: number
  /** Members that their consumer is done with: filled again, since the collector would be slow to find them. */
  readonly #spare: Buffer[] = []
  #buffer: Buffer | null = null
  #filled = 0
  #bytes = 0
  #members = 0

  constructor(options: StreamMembersOptions) {
    this.#options = options
    const header = this.#header(0, options.name)
    this.#headerBytes = encodeTarHeader(header, Buffer.alloc(tarHeaderBound(header)), 0)
  }

  /** Content bytes so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes in what the stream gave; yields the members that became full. */
  *add(chunk: Uint8Array): Generator<TarSegment, void, undefined> {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      const buffer = this.#open()
      const piece = chunk.subarray(at, at + this.#options.memberBytes - this.#filled)
      buffer.set(piece, this.#filled)
      this.#filled += piece.length
      at += piece.length
      if (this.#filled === this.#options.memberBytes) yield this.#close()
    }
  }

  /** The last member, if there is anything in it. An empty stream is one empty member. */
  *end(): Generator<TarSegment, void, undefined> {
    if (this.#filled === 0 && this.#members === 0) this.#open()
    if (this.#filled > 0) yield this.#close()
  }

  /** To be asked once, at the end. */
  facts(): StreamFacts {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex'), members: this.#members }
  }

  /** An ordinary file beside the stream. */
  note(name: string, content: Buffer): TarSegment {
    const head = encoded(this.#header(content.length, name))
    const bytes = Buffer.concat([head, content, Buffer.alloc(paddingOf(content.length))])
    return { bytes, entries: this.#entries({ path: name, type: 'file', size: content.length }) }
  }

  #open(): Buffer {
    if (this.#buffer) return this.#buffer
    this.#buffer = this.#spare.pop() ?? allocateLarge(this.#options.memberBytes)
    this.#filled = this.#headerBytes
    return this.#buffer
  }

  #close(): TarSegment {
    const { name } = this.#options
    const buffer = this.#open()
    const size = this.#filled - this.#headerBytes
    // The bound may exceed what is really needed, and content stands right behind the header.
    encoded(this.#header(size, name)).copy(buffer)
    const end = this.#filled + paddingOf(size)
    buffer.fill(0, this.#filled, end)
    this.#buffer = null
    this.#filled = 0
    this.#members++
    return {
      bytes: buffer.subarray(0, end),
      entries: this.#entries({ path: name, type: 'stream', size }),
      release: () => void this.#spare.push(buffer),
    }
  }

  #entries(entry: {
    readonly path: string
    readonly type: 'file' | 'stream'
    readonly size: number
  }): SegmentEntries {
    return SegmentEntries.of([{ ...entry, mode: 0o600, mtimeMs: this.#mtimeMs, offset: 0 }])
  }

  /** Whole seconds, which the header holds without an extension. */
  get #mtimeMs(): number {
    return Math.floor(this.#options.mtimeMs / 1000) * 1000
  }

  #header(size: number, name: string): TarHeaderFields {
    return header({ name, size, type: 'file', mtimeMs: this.#mtimeMs })
  }
}

/** A directory, for streams that lie below one name. */
export function folderSegment(path: string, mtimeMs: number): TarSegment {
  const whole = Math.floor(mtimeMs / 1000) * 1000
  const bytes = encoded(header({ name: path, size: 0, type: 'directory', mtimeMs: whole }))
  const entry = {
    path,
    type: 'directory',
    size: 0,
    mode: 0o700,
    mtimeMs: whole,
    offset: 0,
  } as const
  return { bytes, entries: SegmentEntries.of([entry]) }
}

function encoded(fields: TarHeaderFields): Buffer {
  const blocks = Buffer.alloc(tarHeaderBound(fields))
  return blocks.subarray(0, encodeTarHeader(fields, blocks, 0))
}

interface MemberFields {
  readonly name: string
  readonly size: number
  readonly type: 'file' | 'directory'
  readonly mtimeMs: number
}

function header({ name, size, type, mtimeMs }: MemberFields): TarHeaderFields {
  return {
    path: toByteString(name),
    type,
    size,
    mode: type === 'file' ? 0o600 : 0o700,
    uid: 0,
    gid: 0,
    userName: '',
    groupName: '',
    mtimeNs: BigInt(mtimeMs) * 1_000_000n,
    linkTarget: '',
  }
}
