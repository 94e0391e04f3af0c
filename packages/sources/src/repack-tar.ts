import type { SegmentEntry, TarEntry, TarHeader, TarSegment } from '@backstream/archive'
import type { ByteString, TarHeaderFields } from '@backstream/archive/tar'
import { decodeByteString, isAscii, SegmentEntries } from '@backstream/archive/tar'
import type { DirectorySourceConfig } from '@backstream/config'
import type { DescentFilter } from './descent-filter.ts'
import type { EntryLog } from './entry-log.ts'
import {
  createSlab,
  type ListedEntry,
  type ReaderMessage,
  type Slab,
} from './reader-thread-protocol.ts'
import { SlabWriter } from './slab-writer.ts'
import { SourceError } from './source-error.ts'

export interface RepackOptions {
  readonly config: DirectorySourceConfig
  readonly log: EntryLog
  readonly slabBytes: number
  readonly filter: DescentFilter<Described>
}

/** An entry under its new name. */
export interface Described {
  readonly fields: TarHeaderFields
  readonly entry: ListedEntry
}

/**
 * Packs the entries of a foreign tar anew, one by one, as if they had been read here: under the
 * source's place in the archive, in our own headers, without what the plan leaves out.
 */
export class TarRepacker {
  readonly #options: RepackOptions
  readonly #writer: SlabWriter
  readonly #full: TarSegment[] = []
  readonly #spare: Slab[] = []

  constructor(options: RepackOptions) {
    this.#options = options
    const post = (message: ReaderMessage): void => this.#post(message)
    const slab = (bytes: number): Slab => this.#spare.pop() ?? createSlab(bytes)
    this.#writer = new SlabWriter({ post, slab }, options.slabBytes)
  }

  /** Takes an entry in; yields the segments that became full. */
  async *add({ header, content }: TarEntry): AsyncGenerator<TarSegment, void, undefined> {
    const described = this.#describe(header)
    if (described === null) return
    for (const { fields, entry } of this.#choose(header, described)) {
      this.#writer.header(fields, entry)
      this.#options.log.add(entry)
      if (entry.type === 'file') {
        for await (const chunk of content) {
          this.#writer.write(chunk)
          yield* this.#take()
        }
        this.#writer.pad(entry.size)
      }
    }
    yield* this.#take()
  }

  *end(): Generator<TarSegment, void, undefined> {
    this.#writer.ship()
    yield* this.#take()
  }

  *#take(): Generator<TarSegment, void, undefined> {
    yield* this.#full.splice(0)
  }

  #post(message: ReaderMessage): void {
    if (message.kind !== 'segment') return
    const { content, bytes, entries } = message
    const release = (): void => void this.#spare.push({ content, entries: entries.memory })
    const view = new Uint8Array(content, 0, bytes)
    this.#full.push({ bytes: view, entries: new SegmentEntries(entries), release })
  }

  #choose(header: TarHeader, described: Described): readonly Described[] {
    const { config, filter } = this.#options
    const path = ownPath(header.rawPath)
    // Where several sources share an archive, the root has a name in it, and so an entry.
    if (path === '') return config.at === '' ? [] : [described]
    const limit = config.excludeLargerThanBytes
    if (header.type === 'file' && limit !== null && header.size > limit) return []
    return filter.next(path, header.type === 'directory', described)
  }

  /** Null for what is never backed up. */
  #describe(header: TarHeader): Described | null {
    const { log } = this.#options
    const path = ownPath(header.rawPath)
    switch (header.type) {
      case 'fifo':
      case 'character-device':
      case 'block-device': {
        const kind = header.type === 'fifo' ? 'fifo' : 'device'
        log.warn(kind, { path }, `a ${kind} is not backed up`)
        return null
      }
      default: {
        const linkTarget =
          header.type === 'link'
            ? log.archivePath(ownPath(header.rawLinkTarget))
            : header.rawLinkTarget.toString('latin1')
        const fields = {
          ...header,
          ...latinOwners(header),
          type: header.type,
          path: log.archivePath(path),
          linkTarget,
        }
        return { fields, entry: entryOf(fields, header.mtimeMs) }
      }
    }
  }
}

function latinOwners({ userName, groupName }: TarHeader): {
  userName: ByteString
  groupName: ByteString
} {
  const latin = (text: string): ByteString => Buffer.from(text).toString('latin1')
  return { userName: latin(userName), groupName: latin(groupName) }
}

/** `./a/b` to `a/b`, and the root to ''. Whatever leads elsewhere is refused. */
function ownPath(raw: Buffer): ByteString {
  const path = raw.toString('latin1')
  const parts = path.split('/').filter((part) => part !== '.' && part !== '')
  if (!path.startsWith('/') && !parts.includes('..')) return parts.join('/')
  throw new SourceError(
    'source-failed',
    `The tar names ${JSON.stringify(raw.toString())}, outside of the directory`,
    { remedy: 'See what tar is there; GNU tar names nothing of the kind.' },
  )
}

function entryOf(
  { path, type, size, mode, linkTarget }: TarHeaderFields,
  mtimeMs: number,
): Omit<SegmentEntry, 'offset'> {
  const text = decodeByteString(path)
  const isLossy = !isAscii(path) && text.includes('\ufffd')
  return {
    path: text,
    ...(isLossy && { rawPath: Buffer.from(path, 'latin1') }),
    type,
    size: type === 'file' ? size : 0,
    mode: mode & 0o7777,
    mtimeMs,
    ...(linkTarget !== '' && { linkTarget: decodeByteString(linkTarget) }),
  }
}
