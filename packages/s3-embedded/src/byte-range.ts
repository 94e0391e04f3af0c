import type { ByteRange } from './data-files.ts'
import { S3Error } from './s3-error.ts'

/**
 * The stretch a Range header asks for, cut to the object. Undefined: send the whole object, which
 * is also what S3 does with several ranges or another unit. Throws `InvalidRange`.
 */
export function parseRange(header: string | undefined, bytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(bytes - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start >= bytes || start >= end) {
    throw new S3Error('InvalidRange', {
      details: { RangeRequested: header ?? '', ActualObjectSize: String(bytes) },
      headers: { 'content-range': `bytes */${bytes}` },
    })
  }
  return { start, end }
}
