import type { PutObjectCommandInput, StorageClass } from '@aws-sdk/client-s3'
import { type Clock, describeError, type Logger } from '@backstream/kernel'
import { isTransientOrUnknown, type RetryOptions, type RetryPolicy } from '@backstream/storage'
import type { AdaptiveGate } from './adaptive-gate.ts'
import type { Keyspace } from './keyspace.ts'
import type { S3Clients } from './open-clients.ts'
import type { ResolvedProfile, S3StorageOptions } from './s3-options.ts'

/** What every request of one storage needs. */
export interface S3Context {
  readonly clients: S3Clients
  readonly bucket: string
  readonly keys: Keyspace
  readonly profile: ResolvedProfile
  readonly options: S3StorageOptions
  readonly idleTimeoutMs: number
  readonly retry: RetryPolicy
  /** In the place of `retry` inside an upload: there is more to lose. */
  readonly patience: RetryPolicy
  /** Parts of all uploads pass through it. */
  readonly partGate: AdaptiveGate
  readonly logger: Logger
  readonly clock: Clock
  /** Requests go over TLS. */
  readonly isEncrypted: boolean
  /** `s3://bucket/prefix/key`, for messages. */
  locate(key: string): string
}

type NewObject = Pick<
  PutObjectCommandInput,
  'ContentType' | 'StorageClass' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'Tagging'
>

/** What is said of every new object, in a put as in the beginning of an upload. */
export function describeNewObject(context: S3Context, contentType: string | undefined): NewObject {
  const { storageClass, sse, tags = {} } = context.options
  const tagging = new URLSearchParams(tags).toString()
  return {
    ...(contentType ? { ContentType: contentType } : {}),
    ...(storageClass ? { StorageClass: storageClass as StorageClass } : {}),
    ...(sse?.kind === 'AES256' ? { ServerSideEncryption: 'AES256' as const } : {}),
    ...(sse?.kind === 'kms'
      ? { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: sse.keyId }
      : {}),
    ...(tagging ? { Tagging: tagging } : {}),
  }
}

/** For single requests inside a longer work: repeated with patience, and each repetition logged. */
export function retryOptions(
  context: S3Context,
  about: string,
  signal: AbortSignal | undefined,
): RetryOptions {
  return {
    ...context.retry,
    signal,
    shouldRetry: isTransientOrUnknown,
    onRetry: ({ error, attempt, delayMs }) => {
      const message = `${about} failed, trying again in ${delayMs} ms`
      context.logger.warn({ attempt, delayMs, error: describeError(error) }, message)
    },
  }
}
