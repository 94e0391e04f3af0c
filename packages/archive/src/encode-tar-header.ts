import type { ByteString } from './byte-string.ts'
import { BLOCK_BYTES, checksumOf, field, paddingOf } from './tar-layout.ts'

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
  const time = splitTime(header.mtimeNs)
  const pax = paxRecords(header, time)
  let end = at
  if (split === null) end = writeLongName('L', path, { into, at: end })
  if (header.linkTarget.length > field.linkName.bytes) {
    end = writeLongName('K', header.linkTarget, { into, at: end })
  }
  if (pax !== '') end = writeExtension('x', pax, { into, at: end })
  const names = split ?? { prefix: '', name: path.slice(0, field.name.bytes) }
  writeBlock({ header, time, names }, { into, at: end })
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

/** Both parts are of the time's distance to the epoch. */
interface Time {
  readonly isBefore: boolean
  readonly seconds: number
  readonly nanoseconds: number
}

function splitTime(ns: bigint): Time {
  const isBefore = ns < 0n
  const size = isBefore ? -ns : ns
  const seconds = size / nsPerSecond
  return {
    isBefore,
    seconds: Number(seconds),
    nanoseconds: Number(size - seconds * nsPerSecond),
  }
}

/** Whether the block's own field holds its whole seconds. */
function isPlain({ isBefore, seconds }: Time): boolean {
  return !isBefore && seconds <= maxSize
}

function paxRecords(header: TarHeaderFields, time: Time): ByteString {
  let records = ''
  if (time.nanoseconds !== 0 || !isPlain(time)) records += paxRecord('mtime', paxTime(time))
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

function paxTime({ isBefore, seconds, nanoseconds }: Time): string {
  const whole = `${isBefore ? '-' : ''}${seconds}`
  return nanoseconds === 0 ? whole : `${whole}.${String(nanoseconds).padStart(9, '0')}`
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
  zeroBlock.copy(into, end, 0, padding)
  return end + padding
}

/** To be copied: `fill` sets shared memory byte by byte. */
const zeroBlock = Buffer.alloc(BLOCK_BYTES)

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
  sign(block, type)
  writeChecksum(block, { at: 0, sum: checksumOf(block, 0) })
  if (extensionBlocks.size < 1000) extensionBlocks.set(key, block)
  return block
}

interface BlockContent {
  readonly header: TarHeaderFields
  readonly time: Time
  readonly names: SplitPath
}

function writeBlock({ header, time, names }: BlockContent, { into, at }: Place): void {
  const { block, sum } = stencilOf(header)
  block.copy(into, at)
  const size = header.size > maxSize ? 0 : header.size
  const seconds = isPlain(time) ? time.seconds : 0
  const filledSum =
    writeBytes(into, at + field.name.at, names.name) +
    writeBytes(into, at + field.prefix.at, names.prefix) +
    writeBytes(into, at + field.linkName.at, header.linkTarget.slice(0, field.linkName.bytes)) +
    writeOctal(into, field.size, { at, value: size }) +
    writeOctal(into, field.mtime, { at, value: seconds })
  writeChecksum(into, { at, sum: sum + filledSum })
}

const typeFlag = { file: '0', link: '1', symlink: '2', directory: '5' } as const

/** What a block says of owner, mode and type: the same for most entries that follow each other. */
interface Stencil {
  readonly header: TarHeaderFields
  readonly block: Buffer
  readonly sum: number
}

let lastStencil: Stencil | null = null

function stencilOf(header: TarHeaderFields): Stencil {
  if (!lastStencil || !isSameStencil(lastStencil.header, header)) lastStencil = makeStencil(header)
  return lastStencil
}

function isSameStencil(one: TarHeaderFields, other: TarHeaderFields): boolean {
  return (
    one.mode === other.mode &&
    one.type === other.type &&
    one.uid === other.uid &&
    one.gid === other.gid &&
    one.userName === other.userName &&
    one.groupName === other.groupName
  )
}

function makeStencil(header: TarHeaderFields): Stencil {
  const block = Buffer.alloc(BLOCK_BYTES)
  writeOctal(block, field.mode, { at: 0, value: header.mode & 0o7777 })
  writeOctal(block, field.uid, { at: 0, value: header.uid > maxId ? 0 : header.uid })
  writeOctal(block, field.gid, { at: 0, value: header.gid > maxId ? 0 : header.gid })
  if (header.userName.length < field.userName.bytes) {
    writeBytes(block, field.userName.at, header.userName)
  }
  if (header.groupName.length < field.groupName.bytes) {
    writeBytes(block, field.groupName.at, header.groupName)
  }
  sign(block, typeFlag[header.type])
  return { header, block, sum: checksumOf(block, 0) }
}

function sign(block: Buffer, type: string): void {
  block.write(type, field.type.at, 'latin1')
  block.write('ustar\x0000', field.magic.at, 'latin1')
}

/** Six digits, NUL, space. */
function writeChecksum(block: Buffer, { at, sum }: { at: number; sum: number }): void {
  const { at: start, bytes } = field.checksum
  writeOctal(block, { at: start, bytes: bytes - 1 }, { at, value: sum })
  block[at + start + bytes - 2] = 0
  block[at + start + bytes - 1] = 0x20
}

/** Returns the sum of what it wrote. A loop: names are short, and calls into Node are not. */
function writeBytes(into: Buffer, at: number, bytes: ByteString): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i) & 0xff
    into[at + i] = byte
    sum += byte
  }
  return sum
}

/** Digits to the field's last byte but one, which stays NUL. Returns their sum. */
function writeOctal(
  block: Buffer,
  where: { readonly at: number; readonly bytes: number },
  { at, value }: { at: number; value: number },
): number {
  let rest = value
  let sum = 0
  for (let i = at + where.at + where.bytes - 2; i >= at + where.at; i--) {
    const upper = Math.floor(rest / 8)
    const digit = 0x30 + (rest - upper * 8)
    block[i] = digit
    sum += digit
    rest = upper
  }
  return sum
}
