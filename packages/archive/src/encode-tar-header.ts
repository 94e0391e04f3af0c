import type { ByteString } from './byte-string.ts'
import { BLOCK_BYTES, checksumOf, type Field, field, paddingOf } from './tar-layout.ts'

/** What stands before an entry's content. Names are byte strings; a directory has no trailing slash. */
export interface TarHeaderFields {
  readonly path: ByteString
  readonly type: 'file' | 'directory' | 'symlink' | 'link'
  /** Content bytes; 0 for everything but files. */
  readonly size: number
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: ByteString
  readonly groupName: ByteString
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint
  /** For symlinks and links. */
  readonly linkTarget: ByteString
}

/** No header this encoder writes is longer than this. */
export function tarHeaderBound(header: TarHeaderFields): number {
  const { path, linkTarget, userName, groupName } = header
  const names = path.length + linkTarget.length + userName.length + groupName.length
  return 6 * BLOCK_BYTES + 512 + 2 * names + 128
}

/**
 * Writes the header's blocks into `into` at `at`, and returns where they end.
 *
 * `into` must have room for `tarHeaderBound(header)` bytes. Short names are written as the bytes
 * they are, which every tar reads back unchanged. Long ones go into GNU long-name entries rather
 * than pax records: those are UTF-8 by definition, and file names are not. Numbers and times that
 * the fields cannot hold go into pax records.
 */
export function encodeTarHeader(header: TarHeaderFields, into: Buffer, at: number): number {
  const path = header.type === 'directory' ? `${header.path}/` : header.path
  const split = splitPath(path)
  const pax = paxRecords(header)
  let end = at
  if (split === null) end = writeLongName('L', path, { into, at: end })
  if (header.linkTarget.length > field.linkName.bytes) {
    end = writeLongName('K', header.linkTarget, { into, at: end })
  }
  if (pax !== '') end = writeExtension('x', pax, { into, at: end })
  writeBlock(header, split ?? { prefix: '', name: path.slice(0, field.name.bytes) }, {
    into,
    at: end,
  })
  return end + BLOCK_BYTES
}

interface Place {
  readonly into: Buffer
  readonly at: number
}

interface SplitPath {
  readonly prefix: ByteString
  readonly name: ByteString
}

function splitPath(path: ByteString): SplitPath | null {
  if (path.length <= field.name.bytes) return { prefix: '', name: path }
  const last = path.length - 1
  // The last slash may end a directory's name and is no place to split.
  const slash = path.lastIndexOf('/', Math.min(field.prefix.bytes, last - 1))
  if (slash <= 0 || last - slash > field.name.bytes) return null
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) }
}

const maxSize = 8 ** 11 - 1
const maxId = 8 ** 7 - 1
const nsPerSecond = 1_000_000_000n

function paxRecords(header: TarHeaderFields): ByteString {
  let records = ''
  const seconds = Number(header.mtimeNs / nsPerSecond)
  if (header.mtimeNs % nsPerSecond !== 0n || seconds < 0 || seconds > maxSize) {
    records += paxRecord('mtime', paxTime(header.mtimeNs))
  }
  if (header.size > maxSize) records += paxRecord('size', String(header.size))
  if (header.uid > maxId) records += paxRecord('uid', String(header.uid))
  if (header.gid > maxId) records += paxRecord('gid', String(header.gid))
  if (header.userName.length >= field.userName.bytes) {
    records += paxRecord('uname', header.userName)
  }
  if (header.groupName.length >= field.groupName.bytes) {
    records += paxRecord('gname', header.groupName)
  }
  return records
}

/** `length keyword=value\n`, where length counts itself. */
function paxRecord(keyword: string, value: ByteString): ByteString {
  const rest = ` ${keyword}=${value}\n`
  let length = rest.length + 1
  while (String(length).length + rest.length !== length)
    length = String(length).length + rest.length
  return `${length}${rest}`
}

function paxTime(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const size = ns < 0n ? -ns : ns
  const fraction = size % nsPerSecond
  const seconds = `${sign}${size / nsPerSecond}`
  return fraction === 0n ? seconds : `${seconds}.${String(fraction).padStart(9, '0')}`
}

function writeLongName(type: 'L' | 'K', name: ByteString, place: Place): number {
  return writeExtension(type, `${name}\0`, place)
}

/** An entry that describes the next one: its header block and its content, padded. */
function writeExtension(type: 'x' | 'L' | 'K', content: ByteString, { into, at }: Place): number {
  extensionBlock(type, content.length).copy(into, at)
  const start = at + BLOCK_BYTES
  into.write(content, start, 'latin1')
  const end = start + content.length
  const padding = paddingOf(content.length)
  into.fill(0, end, end + padding)
  return end + padding
}

/** Nearly every file has a fraction in its mtime, so the same block precedes nearly every file. */
const extensionBlocks = new Map<string, Buffer>()

function extensionBlock(type: 'x' | 'L' | 'K', size: number): Buffer {
  const key = `${type}${size}`
  const known = extensionBlocks.get(key)
  if (known) return known
  const block = Buffer.alloc(BLOCK_BYTES)
  block.write(type === 'x' ? 'PaxHeaders/next' : '././@LongLink', 0, 'latin1')
  writeOctal(block, field.mode, { at: 0, value: 0o644 })
  writeOctal(block, field.uid, { at: 0, value: 0 })
  writeOctal(block, field.gid, { at: 0, value: 0 })
  writeOctal(block, field.size, { at: 0, value: size })
  writeOctal(block, field.mtime, { at: 0, value: 0 })
  seal(block, type, 0)
  if (extensionBlocks.size < 1000) extensionBlocks.set(key, block)
  return block
}

const typeFlag = { file: '0', link: '1', symlink: '2', directory: '5' } as const

function writeBlock(header: TarHeaderFields, split: SplitPath, { into, at }: Place): void {
  into.fill(0, at, at + BLOCK_BYTES)
  into.write(split.name, at + field.name.at, 'latin1')
  into.write(split.prefix, at + field.prefix.at, 'latin1')
  const seconds = Number(header.mtimeNs / nsPerSecond)
  writeOctal(into, field.mode, { at, value: header.mode & 0o7777 })
  writeOctal(into, field.uid, { at, value: header.uid > maxId ? 0 : header.uid })
  writeOctal(into, field.gid, { at, value: header.gid > maxId ? 0 : header.gid })
  writeOctal(into, field.size, { at, value: header.size > maxSize ? 0 : header.size })
  writeOctal(into, field.mtime, { at, value: seconds < 0 || seconds > maxSize ? 0 : seconds })
  into.write(header.linkTarget.slice(0, field.linkName.bytes), at + field.linkName.at, 'latin1')
  if (header.userName.length < field.userName.bytes) {
    into.write(header.userName, at + field.userName.at, 'latin1')
  }
  if (header.groupName.length < field.groupName.bytes) {
    into.write(header.groupName, at + field.groupName.at, 'latin1')
  }
  seal(into, typeFlag[header.type], at)
}

function seal(block: Buffer, type: string, at: number): void {
  block.write(type, at + field.type.at, 'latin1')
  block.write('ustar\x0000', at + field.magic.at, 'latin1')
  const sum = checksumOf(block, at)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + field.checksum.at, 'latin1')
}

/** Digits to the field's last byte but one, which stays NUL. */
function writeOctal(
  block: Buffer,
  where: Field,
  { at, value }: { at: number; value: number },
): void {
  let rest = value
  for (let i = at + where.at + where.bytes - 2; i >= at + where.at; i--) {
    const upper = Math.floor(rest / 8)
    block[i] = 0x30 + (rest - upper * 8)
    rest = upper
  }
}
