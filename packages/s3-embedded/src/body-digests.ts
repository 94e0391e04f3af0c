import { createHash } from 'node:crypto'
import type { Payload } from './authenticate.ts'
import {
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumValue,
  parseChecksumAlgorithm,
  startChecksum,
} from './checksums.ts'
import { S3Error } from './s3-error.ts'

export interface BodyFacts {
  readonly bytes: number
  /** Empty unless it was asked for or sent. */
  readonly md5Hex: string
  readonly checksum: BodyChecksum | undefined
}

export interface BodyChecksum {
  readonly algorithm: ChecksumAlgorithm
  /** Base64. */
  readonly value: string
}

export interface BodyWishes {
  readonly md5?: boolean
  /** Compute this one even when the client sends none. */
  readonly checksum?: ChecksumAlgorithm | undefined
  /** The checksum headers speak of something else than this body (CompleteMultipartUpload). */
  readonly ignoreChecksumHeaders?: boolean
}

export interface BodyDigests {
  update(chunk: Uint8Array): void
  /** Throws what S3 answers when a digest the client gave is another one. */
  verify(trailers: ReadonlyMap<string, string>): BodyFacts
}

type Headers = Readonly<Record<string, string>>

export function startDigests(headers: Headers, payload: Payload, want: BodyWishes): BodyDigests {
  const declared = want.ignoreChecksumHeaders ? undefined : declaredChecksum(headers)
  const expectedMd5 = contentMd5(headers)
  const sha256 = payload.kind === 'sha256' ? createHash('sha256') : undefined
  const md5 = want.md5 || expectedMd5 ? createHash('md5') : undefined
  const algorithm = declared?.algorithm ?? want.checksum
  const checksum = algorithm && startChecksum(algorithm)
  let bytes = 0
  return {
    update: (chunk) => {
      bytes += chunk.length
      sha256?.update(chunk)
      md5?.update(chunk)
      checksum?.update(chunk)
    },
    verify: (trailers) => {
      if (payload.kind === 'sha256' && sha256?.digest('hex') !== payload.hex) {
        throw new S3Error('XAmzContentSHA256Mismatch')
      }
      const digest = md5?.digest()
      if (expectedMd5 && digest?.toString('base64') !== expectedMd5) throw new S3Error('BadDigest')
      const value = checksum?.base64() ?? ''
      if (declared) checkDeclared(declared, value, trailers)
      return {
        bytes,
        md5Hex: digest?.toString('hex') ?? '',
        checksum: algorithm && { algorithm, value },
      }
    },
  }
}

/** Of the checksum in a header, or announced as a trailer. Throws when there are several. */
export function declaredAlgorithm(headers: Headers): ChecksumAlgorithm | undefined {
  const trailers = (headers['x-amz-trailer'] ?? '').split(',')
  const names = [...Object.keys(headers), ...trailers.map((name) => name.trim().toLowerCase())]
  const [name, ...more] = names.filter(
    (candidate) => candidate.startsWith('x-amz-checksum-') && !notChecksums.has(candidate),
  )
  if (name === undefined) return undefined
  if (more.length > 0) {
    throw new S3Error('InvalidRequest', {
      message:
        'Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.',
    })
  }
  return parseChecksumAlgorithm(name.slice('x-amz-checksum-'.length))
}

const notChecksums = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
  'x-amz-checksum-mode',
])

interface Declared {
  readonly algorithm: ChecksumAlgorithm
  /** Undefined: it comes as a trailer. */
  readonly value: string | undefined
}

function declaredChecksum(headers: Headers): Declared | undefined {
  const algorithm = declaredAlgorithm(headers)
  if (algorithm === undefined) return undefined
  const value = headers[checksumHeader(algorithm)]
  if (value !== undefined && !isChecksumValue(algorithm, value)) throw invalidValue(algorithm)
  return { algorithm, value }
}

function checkDeclared(
  { algorithm, value }: Declared,
  computed: string,
  trailers: ReadonlyMap<string, string>,
): void {
  const given = value ?? trailers.get(checksumHeader(algorithm))
  if (given === undefined || !isChecksumValue(algorithm, given)) throw invalidValue(algorithm)
  if (given !== computed) {
    throw new S3Error('BadDigest', {
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    })
  }
}

function invalidValue(algorithm: ChecksumAlgorithm): S3Error {
  return new S3Error('InvalidRequest', {
    message: `Value for ${checksumHeader(algorithm)} header is invalid.`,
  })
}

function contentMd5(headers: Headers): string | undefined {
  const given = headers['content-md5']
  if (given === undefined) return undefined
  if (!isChecksumValue('MD5', given)) throw new S3Error('InvalidDigest')
  return given
}
