import { ArchiveError } from './archive-error.ts'
import { ByteReader } from './byte-reader.ts'
import { cutAtNul, decodeTarBlock, type TarBlock } from './decode-tar-header.ts'
import { contentChunkBytes, EntryContent, named, quote } from './entry-content.ts'
import { parsePaxRecords, paxNumber, paxTimeNs } from './pax-records.ts'
import { BLOCK_BYTES, paddingOf } from './tar-layout.ts'

export type TarEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'link'
  | 'character-device'
  | 'block-device'
  | 'fifo'

export interface TarHeader {
  /** As text; U+FFFD where the bytes are not UTF-8. A directory without its trailing slash. */
  readonly path: string
  /** The path's bytes: what to create on disk. */
  readonly rawPath: Buffer
  readonly type: TarEntryType
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: string
  readonly groupName: string
  /** With its fraction, as far as a double holds it; `mtimeNs` has all of it. */
  readonly mtimeMs: number
  readonly mtimeNs: bigint
  /** For symlinks and links, else ''. */
  readonly linkTarget: string
  readonly rawLinkTarget: Buffer
  readonly deviceMajor: number
  readonly deviceMinor: number
}

export interface TarEntry {
  readonly header: TarHeader
  /**
   * True when this file has the path of the entry just before it: the next member of a stream,
   * whose content continues that one's.
   */
  readonly continues: boolean
  /** Where its first header begins, plain bytes from the beginning of the tar. */
  readonly offset: number
  /** To be read before the next entry is asked for; what is left then is skipped. */
  readonly content: AsyncIterable<Buffer>
}

export interface ReadTarOptions {
  readonly signal: AbortSignal
  /** Several archives may follow one another, as when tar was called again and again. */
  readonly isConcatenated?: boolean
}

const maxExtensionBytes = 1 << 20
/** Long name, long link target and pax records, each perhaps twice: more is there to wear us out. */
const maxExtensions = 8

/**
 * Reads a plain tar, strictly: it ends with two zero blocks and nothing but zeros behind them, or
 * it is `truncated` or `corrupt`. Paths are handed over as they stand, `..` and all: whether to
 * trust them is the caller's business.
 */
export async function* readTar(
  plain: AsyncIterable<Uint8Array>,
  { signal, isConcatenated = false }: ReadTarOptions,
): AsyncGenerator<TarEntry, void, undefined> {
  const reader = new ByteReader(plain)
  let previous: Buffer | null = null
  let last: TarHeader | null = null
  try {
    for (;;) {
      signal.throwIfAborted()
      const offset = reader.position
      const header = await readHeader(reader).catch((error: unknown) => {
        throw named(error, behind(last))
      })
      if (header === null && isConcatenated && (await findNext(reader))) continue
      if (header === null) break
      const content = new EntryContent(reader, { header, signal })
      const isFile = header.type === 'file'
      last = header
      const continues = isFile && previous?.equals(header.rawPath) === true
      yield { header, continues, offset, content }
      if (!content.skipNow()) await content.skip()
      previous = isFile ? header.rawPath : null
    }
    if (isConcatenated) return
    await requireZerosOnly(reader, signal).catch((error: unknown) => {
      throw named(error, behind(last))
    })
  } finally {
    await reader.close()
  }
}

function behind(last: TarHeader | null): string {
  return last ? `behind the entry ${quote(last.path)}` : 'at the beginning of the archive'
}

interface Extensions {
  path?: Buffer
  linkTarget?: Buffer
  pax?: ReadonlyMap<string, Buffer>
}

/** The next entry's header with all that stands before it; null at the first zero block. */
async function readHeader(reader: ByteReader): Promise<TarHeader | null> {
  const extensions: Extensions = {}
  for (let count = 0; count <= maxExtensions; count++) {
    const block = decodeTarBlock(await readBlock(reader))
    if (block === null) {
      if (count > 0) throw new ArchiveError('truncated', 'the archive ends before an entry does')
      return null
    }
    if (!(await readExtension(reader, { block, extensions }))) return combine(block, extensions)
  }
  throw new ArchiveError('too-large', 'more than one entry needs of long tar headers is refused')
}

function readBlock(reader: ByteReader): Buffer | Promise<Buffer> {
  return reader.readNow(BLOCK_BYTES) ?? awaitBlock(reader)
}

async function awaitBlock(reader: ByteReader): Promise<Buffer> {
  if (await reader.isAtEnd()) {
    throw new ArchiveError('truncated', 'the archive ends without the two zero blocks of a tar')
  }
  return reader.read(BLOCK_BYTES)
}

async function readExtension(
  reader: ByteReader,
  { block, extensions }: { block: TarBlock; extensions: Extensions },
): Promise<boolean> {
  if (!'xgLK'.includes(block.typeFlag)) return false
  if (block.size > maxExtensionBytes) {
    throw new ArchiveError('too-large', `a tar header of ${block.size} bytes is refused`)
  }
  // A copy: parts of it are kept in the header.
  const content = Buffer.from(reader.readNow(block.size) ?? (await reader.read(block.size)))
  const padding = paddingOf(block.size)
  if (reader.readNow(padding) === null) await reader.read(padding)
  if (block.typeFlag === 'L') extensions.path = cutAtNul(content)
  else if (block.typeFlag === 'K') extensions.linkTarget = cutAtNul(content)
  else if (block.typeFlag === 'x') extensions.pax = parsePaxRecords(content)
  else throw new ArchiveError('unsupported', 'global pax headers are not read')
  return true
}

const types: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
}

function combine(block: TarBlock, extensions: Extensions): TarHeader {
  const pax = extensions.pax
  const rawPath = withoutTrailingSlash(pax?.get('path') ?? extensions.path ?? block.path)
  const name = quote(rawPath.toString())
  for (const key of pax?.keys() ?? []) {
    if (key.startsWith('GNU.sparse.')) {
      throw new ArchiveError('unsupported', `${name} is a sparse tar entry, which is not read`)
    }
  }
  const type = types[block.typeFlag]
  if (type === undefined) {
    const flag = JSON.stringify(block.typeFlag)
    throw new ArchiveError(
      'unsupported',
      `${name} is a tar entry of type ${flag}, which is not read`,
    )
  }
  const rawLinkTarget = pax?.get('linkpath') ?? extensions.linkTarget ?? block.linkTarget
  const mtimeNs = paxValue(pax, 'mtime', paxTimeNs) ?? BigInt(block.mtimeSeconds) * 1_000_000_000n
  return {
    path: rawPath.toString(),
    rawPath,
    type,
    size: type === 'file' ? (paxValue(pax, 'size', paxNumber) ?? block.size) : 0,
    mode: block.mode,
    uid: paxValue(pax, 'uid', paxNumber) ?? block.uid,
    gid: paxValue(pax, 'gid', paxNumber) ?? block.gid,
    userName: (pax?.get('uname') ?? block.userName).toString(),
    groupName: (pax?.get('gname') ?? block.groupName).toString(),
    mtimeMs: msOf(mtimeNs),
    mtimeNs,
    linkTarget: rawLinkTarget.toString(),
    rawLinkTarget,
    deviceMajor: block.deviceMajor,
    deviceMinor: block.deviceMinor,
  }
}

/** Whole seconds and fraction apart, as Node computes it from a stat: equal times compare equal. */
function msOf(ns: bigint): number {
  return Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6
}

function paxValue<T>(
  pax: Extensions['pax'],
  key: string,
  parse: (value: Buffer) => T,
): T | undefined {
  const value = pax?.get(key)
  return value === undefined ? undefined : parse(value)
}

function withoutTrailingSlash(path: Buffer): Buffer {
  let end = path.length
  while (end > 1 && path[end - 1] === 0x2f) end--
  return path.subarray(0, end)
}

/** Behind the first zero block of an archive's end: whether another archive begins. */
async function findNext(reader: ByteReader): Promise<boolean> {
  if (decodeTarBlock(await readBlock(reader)) !== null) throw loneZeroBlock()
  for (;;) {
    const rest = await reader.readSome(contentChunkBytes)
    if (rest === null) return false
    const at = rest.findIndex((byte) => byte !== 0)
    if (at === -1) continue
    // Back to the beginning of the block in which it was found: a name's first byte is never zero.
    reader.unread(rest.length - at)
    return true
  }
}

function loneZeroBlock(): ArchiveError {
  return new ArchiveError('corrupt', 'a single zero block stands inside the archive')
}

async function requireZerosOnly(reader: ByteReader, signal: AbortSignal): Promise<void> {
  if (decodeTarBlock(await readBlock(reader)) !== null) throw loneZeroBlock()
  for (;;) {
    signal.throwIfAborted()
    const rest = await reader.readSome(contentChunkBytes)
    if (rest === null) return
    if (rest.some((byte) => byte !== 0)) {
      throw new ArchiveError('corrupt', 'there is data after the end of the archive')
    }
  }
}
