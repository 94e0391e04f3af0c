import type { Clock } from '@backstream/kernel'
import type { Bucket } from './bucket.ts'
import type { KeyPair } from './credentials.ts'
import type { ObjectStore } from './object-store.ts'
import type { Reply } from './reply.ts'
import type { RequestBody } from './request-body.ts'
import type { Query } from './request-target.ts'
import { S3Error } from './s3-error.ts'

/** An authenticated request on its way to its operation. */
export interface S3Request {
  readonly method: string
  readonly bucketName: string | undefined
  readonly key: string | undefined
  readonly query: Query
  /** Names in lower case; those hoisted into a presigned URL are among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly caller: KeyPair
  readonly body: RequestBody
}

/** What the operations work on. */
export interface ServerState {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly region: string
  readonly limits: Limits
}

export interface Limits {
  /** Of every part but the last. S3: 5 MiB. */
  readonly minPartBytes: number
  /** S3: 10,000. */
  readonly maxParts: number
  /** Of one PutObject or UploadPart. S3: 5 GiB. */
  readonly maxPutBytes: number
}

export type Handler = (request: S3Request, server: ServerState) => Promise<Reply>

/** Throws `NoSuchBucket`. */
export function bucketOf(request: S3Request, server: ServerState): Bucket {
  return server.store.bucket(request.bucketName ?? '')
}

/** The key; throws `KeyTooLongError` beyond 1,024 bytes. */
export function keyOf(request: S3Request): string {
  const key = request.key ?? ''
  if (key === '') throw new S3Error('InvalidArgument', { message: 'The key is empty.' })
  if (Buffer.byteLength(key) > 1024) throw new S3Error('KeyTooLongError')
  return key
}

/** Throws `InvalidArgument` for what is not a whole number from 0. */
export function countOf(request: S3Request, name: string, fallback: number): number {
  const text = request.query.get(name)
  if (text === undefined || text === '') return fallback
  if (!/^\d{1,10}$/.test(text)) {
    throw new S3Error('InvalidArgument', {
      message: `Argument ${name} must be an integer between 0 and 2147483647`,
      details: { ArgumentName: name, ArgumentValue: text },
    })
  }
  return Number(text)
}
