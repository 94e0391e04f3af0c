import { ArchiveError } from './archive-error.ts'
import { checksumOf, type Field, field } from './tar-layout.ts'

/** A header block's fields as they stand, paths as bytes. */
export interface TarBlock {
  readonly path: Buffer
  readonly typeFlag: string
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: string
  readonly groupName: string
  readonly mtimeSeconds: number
  readonly linkTarget: Buffer
  readonly deviceMajor: number
  readonly deviceMinor: number
}

/**
 * True for a block of zeros. Throws `corrupt` for a header whose checksum does not hold, `unsupported`
 * for one of another kind of tar.
 */
export function isZeroBlock(block: Buffer): boolean {
  const sum = checksumOf(block, 0)
  if (sum === 8 * 0x20 && block.every((byte) => byte === 0)) return true
  if (readNumber(block, field.checksum) !== sum) {
    throw new ArchiveError('corrupt', 'a tar header does not match its checksum')
  }
  if (isUstar(block) || isGnu(block)) return false
  throw new ArchiveError('unsupported', 'a tar header is neither ustar nor GNU')
}

/** `ustar`, and what stands behind it. */
function isMagic(block: Buffer, behind: number): boolean {
  const { at } = field.magic
  const isStart = block.readUInt32BE(at) === 0x75737461 && block[at + 4] === 0x72
  return isStart && block[at + 5] === behind
}

function isUstar(block: Buffer): boolean {
  return isMagic(block, 0)
}

function isGnu(block: Buffer): boolean {
  return isMagic(block, 0x20)
}

export function typeFlagOf(block: Buffer): string {
  return String.fromCharCode(block[field.type.at] || 0x30)
}

/** Of a header that `isZeroBlock` has looked at. */
export function decodeTarBlock(block: Buffer): TarBlock {
  const name = readName(block, field.name)
  const prefix = isUstar(block) ? readName(block, field.prefix) : nothing
  const path = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name
  const number = (where: Field) => readNumber(block, where, path)
  return {
    path,
    typeFlag: typeFlagOf(block),
    size: sizeOf(block, path),
    mode: number(field.mode) & 0o7777,
    uid: number(field.uid),
    gid: number(field.gid),
    userName: readText(block, field.userName),
    groupName: readText(block, field.groupName),
    mtimeSeconds: number(field.mtime),
    linkTarget: readName(block, field.linkName),
    deviceMajor: number(field.deviceMajor),
    deviceMinor: number(field.deviceMinor),
  }
}

export function sizeOf(block: Buffer, path?: Buffer): number {
  const size = readNumber(block, field.size, path)
  if (size < 0) throw new ArchiveError('corrupt', `${headerOf(path)} holds a size below zero`)
  return size
}

const nothing = Buffer.alloc(0)

/** The bytes before the first NUL, copied out of the block. */
export function cutAtNul(bytes: Buffer): Buffer {
  return readName(bytes, { at: 0, bytes: bytes.length })
}

interface Span {
  readonly at: number
  readonly bytes: number
}

function readName(block: Buffer, { at, bytes }: Span): Buffer {
  const length = lengthOf(block, at, bytes)
  if (length === 0) return nothing
  const name = Buffer.allocUnsafe(length)
  block.copy(name, 0, at, at + length)
  return name
}

function readText(block: Buffer, { at, bytes }: Span): string {
  const length = lengthOf(block, at, bytes)
  return length === 0 ? '' : block.toString('utf8', at, at + length)
}

/** Of a name that ends before the first NUL, or with its field. */
function lengthOf(block: Buffer, at: number, bytes: number): number {
  let length = 0
  while (length < bytes && block[at + length] !== 0) length++
  return length
}

/** Octal digits, or (first bit set, as GNU writes what octal cannot hold) a two's complement number. */
function readNumber(block: Buffer, where: Field, path?: Buffer): number {
  const first = block[where.at] as number
  if (first & 0x80) return readBinary(block, where, path)
  return readPlainOctal(block, where) ?? readOctal(block, where, path)
}

/** As nearly all are written: digits, if any, then NULs or spaces. Null for all others. */
function readPlainOctal(block: Buffer, { at, bytes }: Field): number | null {
  const end = at + bytes
  let value = 0
  let i = at
  for (; i < end; i++) {
    const digit = (block[i] as number) - 0x30
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  for (; i < end; i++) if (block[i] !== 0 && block[i] !== 0x20) return null
  return value
}

function readOctal(block: Buffer, where: Field, path?: Buffer): number {
  const text = block
    .toString('latin1', where.at, where.at + where.bytes)
    .replace(/[\0 ]+$/, '')
    .trimStart()
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) {
    const what = JSON.stringify(text)
    throw new ArchiveError('corrupt', `${headerOf(path)} holds ${what} for a number`)
  }
  return Number.parseInt(text, 8)
}

function readBinary(block: Buffer, where: Field, path?: Buffer): number {
  const first = block[where.at] as number
  const isNegative = (first & 0x40) !== 0
  let value = BigInt(isNegative ? first - 0x100 : first & 0x7f)
  for (let i = where.at + 1; i < where.at + where.bytes; i++) {
    value = value * 256n + BigInt(block[i] as number)
  }
  const number = Number(value)
  if (!Number.isSafeInteger(number)) {
    throw new ArchiveError('corrupt', `${headerOf(path)} holds a number beyond all sizes`)
  }
  return number
}

function headerOf(path: Buffer | undefined): string {
  return path ? `the tar header of ${JSON.stringify(path.toString())}` : 'a tar header'
}
