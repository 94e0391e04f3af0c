import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { combineCrcs } from './combine-crc.ts'
import { startCrc32c, startCrc64Nvme } from './crc.ts'
import { S3Error } from './s3-error.ts'

export const checksumAlgorithms = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
] as const
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number]
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT'

/** As S3 writes it: base64, and for a composite one `-` and the number of parts. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  readonly value: string
}

export interface RunningChecksum {
  update(chunk: Uint8Array): void
  base64(): string
}

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return startCrc32()
    case 'CRC32C':
      return asBase64(startCrc32c())
    case 'CRC64NVME':
      return asBase64(startCrc64Nvme())
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return asBase64(createHash(algorithm.toLowerCase()))
  }
}

/** Throws `NotImplemented` for one that S3 may know and this server does not. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm {
  const found = checksumAlgorithms.find((known) => known === name.toUpperCase())
  if (found) return found
  throw new S3Error('NotImplemented', { message: `Checksum algorithm ${name} is not offered.` })
}

export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`
}

const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
}

export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === digestBytes[algorithm] && bytes.toString('base64') === value
}

export interface ChecksumOfPart {
  /** Base64. */
  readonly value: string
  readonly bytes: number
}

/** The checksum of a multipart object from those of its parts, in order. */
export function checksumOfParts(
  { algorithm, type }: Omit<StoredChecksum, 'value'>,
  parts: readonly ChecksumOfPart[],
): StoredChecksum {
  const digests = parts.map((part) => Buffer.from(part.value, 'base64'))
  if (type === 'COMPOSITE') {
    const whole = startChecksum(algorithm)
    for (const digest of digests) whole.update(digest)
    return { algorithm, type, value: `${whole.base64()}-${parts.length}` }
  }
  if (algorithm !== 'CRC32' && algorithm !== 'CRC32C' && algorithm !== 'CRC64NVME') {
    throw new S3Error('InvalidRequest', {
      message: `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    })
  }
  const crcs = parts.map((part, at) => ({ digest: digests[at] ?? Buffer.of(), bytes: part.bytes }))
  return { algorithm, type, value: combineCrcs(algorithm, crcs).toString('base64') }
}

function startCrc32(): RunningChecksum {
  let crc = 0
  return {
    update: (chunk) => {
      crc = crc32(chunk, crc)
    },
    base64: () => {
      const out = Buffer.alloc(4)
      out.writeUInt32BE(crc)
      return out.toString('base64')
    },
  }
}

function asBase64(running: {
  update(chunk: Uint8Array): unknown
  digest(): Buffer
}): RunningChecksum {
  return {
    update: (chunk) => {
      running.update(chunk)
    },
    base64: () => running.digest().toString('base64'),
  }
}
