import type { ObjectChecksums, ObjectInfo } from '@backstream/storage'

export interface HeadObject {
  readonly info: ObjectInfo
  /** The store encrypts with a key that makes the ETag something other than an MD5. */
  readonly hasOpaqueEtag: boolean
}

/** What HeadObject and GetObject both say of an object. */
export interface ObjectAnswer {
  ContentLength?: number | undefined
  ETag?: string | undefined
  VersionId?: string | undefined
  LastModified?: Date | undefined
  StorageClass?: string | undefined
  ChecksumCRC32?: string | undefined
  ChecksumCRC64NVME?: string | undefined
  ChecksumSHA256?: string | undefined
  ChecksumType?: string | undefined
  ServerSideEncryption?: string | undefined
  SSECustomerAlgorithm?: string | undefined
}

export function describeObject(answer: ObjectAnswer): ObjectInfo {
  return {
    bytes: answer.ContentLength ?? 0,
    etag: unquote(answer.ETag),
    versionId: answer.VersionId,
    lastModifiedMs: answer.LastModified?.getTime() ?? 0,
    storageClass: answer.StorageClass,
    checksums: describeChecksums(answer),
  }
}

/** An empty ETag is none: some gateways answer so. */
export function unquote(etag: string | undefined): string | undefined {
  return etag?.replace(/^"|"$/g, '') || undefined
}

export function hasOpaqueEtag(answer: ObjectAnswer): boolean {
  const { ServerSideEncryption = '', SSECustomerAlgorithm } = answer
  return ServerSideEncryption.startsWith('aws:kms') || SSECustomerAlgorithm !== undefined
}

function describeChecksums(answer: ObjectAnswer): ObjectChecksums {
  const { ChecksumCRC32, ChecksumCRC64NVME, ChecksumSHA256, ChecksumType } = answer
  return {
    // A composite value also carries its count of parts, which is how stores that do not name the
    // type can be told apart.
    composite: ChecksumType === 'COMPOSITE' || /-\d+$/.test(ChecksumCRC32 ?? ChecksumSHA256 ?? ''),
    ...(ChecksumCRC32 === undefined ? {} : { crc32: ChecksumCRC32 }),
    ...(ChecksumCRC64NVME === undefined ? {} : { crc64nvme: ChecksumCRC64NVME }),
    ...(ChecksumSHA256 === undefined ? {} : { sha256: ChecksumSHA256 }),
  }
}
