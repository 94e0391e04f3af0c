/**
 * Reads a plain tar, strictly, as steps: an entry, its content in pieces, the entry's end, and the next.
 *
 * It ends with two zero blocks and nothing but zeros behind them, or it is `truncated` or `corrupt`.
 * Paths are handed over as they stand, `..` and all: whether to trust them is the caller's business.
 */
import { ArchiveError } from './archive-error.ts'
import type { ByteFeed, Reading } from './byte-feed.ts'
import { cutAtNul, decodeTarBlock, isZeroBlock, sizeOf, typeFlagOf } from './decode-tar-header.ts'
import { parsePaxRecords } from './pax-records.ts'
import { combineHeaders, type HeaderExtensions, quote, type TarHeader } from './tar-header.ts'
import { BLOCK_BYTES, paddingOf } from './tar-layout.ts'

export type TarStep =
  | {
      readonly kind: 'entry'
      readonly header: TarHeader
      /** As in `TarEntry`. */
      readonly continues: boolean
      readonly offset: number
    }
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'end' }

export const endOfEntry: TarStep = { kind: 'end' }

export interface TarOptions {
  readonly signal: Pick<AbortSignal, 'throwIfAborted'>
  /** Several archives may follow one another, as when tar was called again and again. */
  readonly isConcatenated?: boolean
}

const contentPieceBytes = 1 << 20
const maxExtensionBytes = 1 << 20
/** Long name, long link target and pax records, each perhaps twice: more is there to wear us out. */
const maxExtensions = 8

/** Yields null where it wants the feed's next chunk; what makes that fail may be thrown into it. */
export function* tarSteps(
  feed: ByteFeed,
  { signal, isConcatenated = false }: TarOptions,
): Generator<TarStep | null, void, void> {
  let previous: Buffer | null = null
  let last: TarHeader | null = null
  for (;;) {
    signal.throwIfAborted()
    const offset = feed.position
    let header: TarHeader | null
    try {
      header = yield* readHeader(feed)
    } catch (error) {
      throw named(error, behind(last))
    }
    if (header === null && isConcatenated && (yield* findNext(feed))) continue
    if (header === null) break
    last = header
    const isFile = header.type === 'file'
    const continues = isFile && previous?.equals(header.rawPath) === true
    yield { kind: 'entry', header, continues, offset }
    yield* contentOf(feed, header, signal)
    yield endOfEntry
    previous = isFile ? header.rawPath : null
  }
  if (isConcatenated) return
  try {
    yield* requireZerosOnly(feed, signal)
  } catch (error) {
    throw named(error, behind(last))
  }
}

function behind(last: TarHeader | null): string {
  return last ? `behind the entry ${quote(last.path)}` : 'at the beginning of the archive'
}

/** What is wrong with the archive, and where; any other error as it is. */
function named(error: unknown, place: string): unknown {
  if (!(error instanceof ArchiveError)) return error
  const { code, message, remedy, permanent } = error
  const options = { cause: error, permanent, ...(remedy !== undefined && { remedy }) }
  return new ArchiveError(code, `${message}, ${place}`, options)
}

/** The next entry's header with all that stands before it; null at the first zero block. */
function* readHeader(feed: ByteFeed): Reading<TarHeader | null> {
  const extensions: HeaderExtensions = {}
  for (let count = 0; count <= maxExtensions; count++) {
    const block = feed.readNow(BLOCK_BYTES) ?? (yield* awaitBlock(feed))
    if (isZeroBlock(block)) {
      if (count > 0) throw new ArchiveError('truncated', 'the archive ends before an entry does')
      return null
    }
    const flag = typeFlagOf(block)
    if (!'xgLK'.includes(flag)) return combineHeaders(decodeTarBlock(block), extensions)
    yield* readExtension(feed, { flag, size: sizeOf(block), extensions })
  }
  throw new ArchiveError('too-large', 'more than one entry needs of long tar headers is refused')
}

function* awaitBlock(feed: ByteFeed): Reading<Buffer> {
  if (yield* feed.isAtEnd()) {
    throw new ArchiveError('truncated', 'the archive ends without the two zero blocks of a tar')
  }
  return yield* feed.read(BLOCK_BYTES)
}

interface Extension {
  readonly flag: string
  readonly size: number
  readonly extensions: HeaderExtensions
}

function* readExtension(feed: ByteFeed, { flag, size, extensions }: Extension): Reading<void> {
  if (size > maxExtensionBytes) {
    throw new ArchiveError('too-large', `a tar header of ${size} bytes is refused`)
  }
  // A copy: parts of it are kept in the header.
  const content = Buffer.from(feed.readNow(size) ?? (yield* feed.read(size)))
  yield* skipPadding(feed, size)
  if (flag === 'L') extensions.path = cutAtNul(content)
  else if (flag === 'K') extensions.linkTarget = cutAtNul(content)
  else if (flag === 'x') extensions.pax = parsePaxRecords(content)
  else throw new ArchiveError('unsupported', 'global pax headers are not read')
}

function* skipPadding(feed: ByteFeed, size: number): Reading<void> {
  const padding = paddingOf(size)
  if (!feed.skipNow(padding)) yield* feed.read(padding)
}

function* contentOf(
  feed: ByteFeed,
  header: TarHeader,
  signal: TarOptions['signal'],
): Generator<TarStep | null, void, void> {
  let left = header.size
  while (left > 0) {
    let bytes = left > contentPieceBytes ? null : feed.readNow(left)
    if (bytes === null) {
      signal.throwIfAborted()
      bytes = yield* inEntry(header, feed.readSome(Math.min(left, contentPieceBytes)))
    }
    if (bytes === null) {
      const path = quote(header.path)
      throw new ArchiveError('truncated', `the archive ends ${left} bytes before ${path} does`)
    }
    left -= bytes.length
    yield { kind: 'content', bytes }
  }
  const padding = paddingOf(header.size)
  if (!feed.skipNow(padding)) yield* inEntry(header, feed.read(padding))
}

function* inEntry<T>(header: TarHeader, reading: Reading<T>): Reading<T> {
  try {
    return yield* reading
  } catch (error) {
    throw named(error, `in the entry ${quote(header.path)}`)
  }
}

/** Behind the first zero block of an archive's end: whether another archive begins. */
function* findNext(feed: ByteFeed): Reading<boolean> {
  if (!isZeroBlock(yield* awaitBlock(feed))) throw loneZeroBlock()
  for (;;) {
    const rest = yield* feed.readSome(contentPieceBytes)
    if (rest === null) return false
    const at = rest.findIndex((byte) => byte !== 0)
    if (at === -1) continue
    // Back to the beginning of the block in which it was found: a name's first byte is never zero.
    feed.unread(rest.length - at)
    return true
  }
}

function loneZeroBlock(): ArchiveError {
  return new ArchiveError('corrupt', 'a single zero block stands inside the archive')
}

function* requireZerosOnly(feed: ByteFeed, signal: TarOptions['signal']): Reading<void> {
  if (!isZeroBlock(yield* awaitBlock(feed))) throw loneZeroBlock()
  for (;;) {
    signal.throwIfAborted()
    const rest = yield* feed.readSome(contentPieceBytes)
    if (rest === null) return
    if (rest.some((byte) => byte !== 0)) {
      throw new ArchiveError('corrupt', 'there is data after the end of the archive')
    }
  }
}
