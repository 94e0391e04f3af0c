import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { combineCrc32 } from './combine-crc32.ts'

/** What a stream of bytes hashes to, whole and in equal parts, as stores state it. */
export interface ObjectDigest {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Base64 of the big-endian value, as in `x-amz-checksum-crc32`; only where it was asked for. */
  readonly crc32: string | undefined
  /**
   * MD5 of the bytes where there is one part, else `md5(part md5s)-count`: what S3 calls the ETag; only
   * where MD5s were asked for.
   */
  readonly etag: string | undefined
  /** At least one; an empty stream is one empty part. */
  readonly parts: readonly PartDigest[]
}

export interface PartDigest {
  readonly bytes: number
  /** Base64, as in `Content-MD5`; only where it was asked for. */
  readonly md5: string | undefined
  /** Base64, as in `x-amz-checksum-crc32`; only where it was asked for. */
  readonly crc32: string | undefined
  /** Lower-case hex, as in `x-amz-content-sha256`; only where it was asked for. */
  readonly sha256: string | undefined
}

export interface ObjectHasherOptions {
  /** Parts get a SHA-256 of their own: another 0.6 CPU seconds for each GB. */
  readonly hasPartSha256?: boolean
  /** Default true: 0.35 CPU seconds for each GB, for stores that compare with it. */
  readonly hasCrc32?: boolean
  /** Default true: 1.3 CPU seconds for each GB, for stores that compare with nothing better. */
  readonly hasMd5?: boolean
}

export interface ObjectHasher {
  /** Slices of at most 1 MiB keep the event loop free: this is synchronous, about 2 ms for each. */
  update(slice: Uint8Array): void
  /** Parts that are full, or all of them after `finish`. */
  readonly parts: readonly PartDigest[]
  finish(): ObjectDigest
}

/** Hashes a stream in one pass, with a part boundary after every `partBytes`. */
export function createObjectHasher(
  partBytes: number,
  options: ObjectHasherOptions = {},
): ObjectHasher {
  const { hasCrc32 = true, hasMd5 = true } = options
  const whole = createHash('sha256')
  const parts: PartDigest[] = []
  let bytes = 0
  let wholeCrc = 0
  const openPart = () => ({
    md5: hasMd5 ? createHash('md5') : undefined,
    sha256: options.hasPartSha256 ? createHash('sha256') : undefined,
    crc: 0,
    bytes: 0,
  })
  let part = openPart()

  const closePart = () => {
    if (hasCrc32) wholeCrc = combineCrc32(wholeCrc, part.crc, part.bytes)
    parts.push({
      bytes: part.bytes,
      md5: part.md5?.digest('base64'),
      crc32: hasCrc32 ? encodeCrc32(part.crc) : undefined,
      sha256: part.sha256?.digest('hex'),
    })
    part = openPart()
  }
  const updateWithinPart = (slice: Uint8Array) => {
    part.md5?.update(slice)
    part.sha256?.update(slice)
    if (hasCrc32) part.crc = crc32(slice, part.crc)
    part.bytes += slice.byteLength
    if (part.bytes === partBytes) closePart()
  }

  return {
    parts,
    update(slice) {
      whole.update(slice)
      bytes += slice.byteLength
      for (let at = 0; at < slice.byteLength; ) {
        const room = partBytes - part.bytes
        updateWithinPart(slice.subarray(at, at + room))
        at += room
      }
    },
    finish() {
      if (part.bytes > 0 || parts.length === 0) closePart()
      return {
        bytes,
        sha256: whole.digest('hex'),
        crc32: hasCrc32 ? encodeCrc32(wholeCrc) : undefined,
        etag: hasMd5 ? expectedEtag(parts) : undefined,
        parts,
      }
    },
  }
}

function expectedEtag(parts: readonly PartDigest[]): string {
  const md5s = Buffer.concat(parts.map((part) => Buffer.from(part.md5 ?? '', 'base64')))
  if (parts.length === 1) return md5s.toString('hex')
  return `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`
}

function encodeCrc32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes.toString('base64')
}
