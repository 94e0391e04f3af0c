import type { Clock, Logger } from '@backstream/kernel'
import { type RetryPolicy, StorageError } from '@backstream/storage'

export interface S3StorageOptions {
  readonly bucket: string
  /** '' or absent: the bucket's root. Slashes at its ends do not count. */
  readonly prefix?: string
  /** Default: what the AWS environment says; behind an endpoint `us-east-1`, which most accept. */
  readonly region?: string | null
  /** Absent: AWS. */
  readonly endpoint?: string | null
  readonly pathStyle?: boolean
  /** Absent: the AWS default chain (environment, profile, container, instance). */
  readonly credentials?: S3Credentials | null
  readonly storageClass?: string | null
  readonly sse?:
    | { readonly kind: 'AES256' }
    | { readonly kind: 'kms'; readonly keyId: string }
    | null
  /** Put on every object. */
  readonly tags?: Readonly<Record<string, string>>
  /** PEM file with authorities to trust besides the usual ones. */
  readonly caFile?: string | null
  /** Not yet in this version: refused when given. */
  readonly proxy?: string | null
  readonly profile?: S3Profile | null
  /** Without a byte in either direction a request is given up after this. Default 5 minutes. */
  readonly idleTimeoutMs?: number
  /**
   * How single requests inside a longer work are repeated. Default: inside an upload for about as
   * long as `idleTimeoutMs`, elsewhere for half a minute.
   */
  readonly retry?: RetryPolicy
  readonly logger: Logger
  readonly clock?: Clock
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** What the provider allows and keeps; what is absent is known of AWS, or assumed, or found out. */
export interface S3Profile {
  /** Default 10 000. */
  readonly maxParts?: number
  /** Default 16 MiB; at least 5 MiB. */
  readonly partBytes?: number
  /** Known to be honoured, or not to be; absent: true on AWS, found out elsewhere. */
  readonly conditionalPut?: boolean
  /**
   * CRC32 of parts and of whole objects is verified, kept and given back as AWS documents.
   * Default: true on AWS only, because elsewhere the headers are answered with 400, 501 or silence.
   */
  readonly checksums?: boolean
  /** False where ETags look like MD5s and are none. Default true. */
  readonly md5Etags?: boolean
}

/** The profile with everything decided but what must be asked of the store. */
export interface ResolvedProfile {
  readonly maxParts: number
  readonly partBytes: number
  readonly maxObjectBytes: number
  readonly conditionalPut: boolean | undefined
  readonly checksums: boolean
  readonly md5Etags: boolean
}

export const defaultPartBytes: number = 16 * 1024 * 1024
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const smallestPartBytes = 5 * 1024 * 1024
const largestPartBytes = 5 * 1024 ** 3

/** Rejects with `invalid-request` or `unsupported` what could not work, before anything is sent. */
export function resolveProfile(options: S3StorageOptions): ResolvedProfile {
  const profile = options.profile ?? {}
  const isAws = isAwsEndpoint(options.endpoint)
  const { maxParts = 10_000, partBytes = defaultPartBytes } = profile
  if (!(partBytes >= smallestPartBytes && partBytes <= largestPartBytes)) {
    throw refuse(`a part size of ${partBytes} bytes`, 'Choose between 5 MiB and 5 GiB.')
  }
  if (!(maxParts >= 1 && maxParts <= 10_000)) {
    throw refuse(`${maxParts} parts`, 'Choose between 1 and 10000.')
  }
  return {
    maxParts,
    partBytes,
    maxObjectBytes: maxParts * partBytes,
    conditionalPut: profile.conditionalPut ?? (isAws || undefined),
    checksums: profile.checksums ?? isAws,
    md5Etags: profile.md5Etags ?? true,
  }
}

function isAwsEndpoint(endpoint: string | null | undefined): boolean {
  return !endpoint || /\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)
}

function refuse(what: string, remedy: string): StorageError {
  return new StorageError('invalid-request', `the store's profile asks for ${what}`, { remedy })
}
