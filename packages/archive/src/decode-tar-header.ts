import { ArchiveError } from './archive-error.ts'
import { checksumOf, type Field, field } from './tar-layout.ts'

/** A header block's fields as they stand, names as bytes. */
export interface TarBlock {
  readonly path: Buffer
  readonly typeFlag: string
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly userName: Buffer
  readonly groupName: Buffer
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

const ustarMagic = Buffer.from('ustar\0')
const gnuMagic = Buffer.from('ustar ')

function isUstar(block: Buffer): boolean {
  return ustarMagic.every((byte, at) => block[field.magic.at + at] === byte)
}

function isGnu(block: Buffer): boolean {
  return gnuMagic.every((byte, at) => block[field.magic.at + at] === byte)
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
    userName: readName(block, field.userName),
    groupName: readName(block, field.groupName),
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
  if (bytes[0] === 0) return nothing
  const end = bytes.indexOf(0)
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end))
}

function readName(block: Buffer, where: Field): Buffer {
  if (block[where.at] === 0) return nothing
  return cutAtNul(block.subarray(where.at, where.at + where.bytes))
}

/** Octal digits, or (first bit set, as GNU writes what octal cannot hold) a two's complement number. */
function readNumber(block: Buffer, where: Field, path?: Buffer): number {
  const first = block[where.at] as number
  if (first & 0x80) return readBinary(block, where, path)
  return readPlainOctal(block, where) ?? readOctal(block, where, path)
}

/** As nearly all are written: digits, then NULs or spaces. Null for all others. */
function readPlainOctal(block: Buffer, { at, bytes }: Field): number | null {
  const end = at + bytes
  let value = 0
  let i = at
  for (; i < end; i++) {
    const digit = (block[i] as number) - 0x30
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  if (i === at) return null
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
