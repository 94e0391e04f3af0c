import {
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandOutput,
  PutObjectCommand,
  type PutObjectCommandOutput,
  UploadPartCommand,
  type UploadPartCommandOutput,
} from '@aws-sdk/client-s3'
import {
  isStorageError,
  type ObjectDigest,
  type PartDigest,
  retryRequest,
  StorageError,
  type UploadOptions,
} from '@backstream/storage'
import { letLand } from './let-land.ts'
import { request } from './request.ts'
import { retryOptions, type S3Context } from './s3-context.ts'

export interface UploadWork {
  readonly key: string
  readonly options: UploadOptions
  /** Aborted by whatever ends this upload; goes with every request. */
  readonly signal: AbortSignal
  readonly digestOfPart: (partNumber: number) => Promise<PartDigest>
  /** Undefined until the body has ended well: the gate before anything that makes an object. */
  readonly finishedDigest: () => Promise<ObjectDigest> | undefined
  /** The memory of a part is free again. */
  readonly giveBack: (part: Uint8Array) => void
}

export interface CreatedUpload {
  readonly answer: CreateMultipartUploadCommandOutput
  readonly uploadId: string
  /** The answer to an earlier try was lost: the store may have begun a second upload. */
  readonly mayHaveTwin: boolean
}

export async function createUpload(
  context: S3Context,
  { key, signal, options }: UploadWork,
  { input }: CreateMultipartUploadCommand,
): Promise<CreatedUpload> {
  let mayHaveTwin = false
  const about = `begin upload of ${context.locate(key)}`
  const checksums = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const
  const { profile, clients } = context
  const sent = { ...input, ...(profile.checksums ? checksums : {}) }
  const answer = await retryRequest(
    () =>
      letLand(signal, (lateSignal) =>
        request({ about, signal: lateSignal, changes: true }, (abortable) =>
          clients.requests.send(new CreateMultipartUploadCommand(sent), abortable),
        ),
      ).catch((error: unknown) => {
        mayHaveTwin ||= isStorageError(error, 'unknown-outcome')
        throw error
      }),
    retryOptions(context, about, signal),
  )
  if (!answer.UploadId) throw new StorageError('unavailable', `${about}: the store gave no id`)
  options.onUploadCreated?.(answer.UploadId)
  return { answer, uploadId: answer.UploadId, mayHaveTwin }
}

export async function uploadPart(
  context: S3Context,
  work: UploadWork,
  { input }: UploadPartCommand,
): Promise<UploadPartCommandOutput> {
  const part = await digestOf(context, work, input.PartNumber ?? 0)
  const about = `send part ${input.PartNumber} of ${context.locate(work.key)}`
  const { signal } = work
  const sent = withChecksums(context, input, part)
  let attempts = 0
  const answer = await retryRequest(
    () => {
      attempts += 1
      const send = () =>
        request({ about, signal, changes: true }, (abortable) =>
          context.clients.requests.send(new UploadPartCommand(sent), abortable),
        )
      return context.partGate.pass(send, signal)
    },
    retryOptions(context, about, signal),
  )
  if (!answer.ETag) throw new StorageError('corrupt', `${about}: the store gave no ETag for it`)
  giveBackIfSent(context, work, { body: input.Body, attempts })
  return answer
}

/** After a repetition the socket of an earlier try may still hold on to the bytes. */
function giveBackIfSent(
  { clients }: S3Context,
  { giveBack }: UploadWork,
  { body, attempts }: { readonly body: unknown; readonly attempts: number },
): void {
  if (attempts > 1 || !(body instanceof Uint8Array)) return
  if (clients.sentBodies.has(body)) giveBack(body)
}

export async function putWhole(
  context: S3Context,
  work: UploadWork,
  { command: { input }, digest }: { command: PutObjectCommand; digest: ObjectDigest },
): Promise<PutObjectCommandOutput> {
  const part = await digestOf(context, work, digest.parts.length)
  const about = `put ${context.locate(work.key)}`
  return await request({ about, signal: work.signal, changes: true }, (abortable) => {
    const sent = withChecksums(context, input, part)
    return context.clients.requests.send(new PutObjectCommand(sent), abortable)
  })
}

export async function completeUpload(
  context: S3Context,
  work: UploadWork,
  { command: { input }, digest }: { command: CompleteMultipartUploadCommand; digest: ObjectDigest },
): Promise<CompleteMultipartUploadCommandOutput> {
  const about = `complete ${context.locate(work.key)}`
  const whole = {
    ChecksumType: 'FULL_OBJECT',
    ChecksumCRC32: digest.crc32,
    MpuObjectSize: digest.bytes,
  } as const
  const sent = { ...input, ...(context.profile.checksums ? whole : {}) }
  return await letLand(work.signal, (lateSignal) =>
    request({ about, signal: lateSignal, changes: true }, (abortable) =>
      context.clients.requests.send(new CompleteMultipartUploadCommand(sent), abortable),
    ),
  )
}

/**
 * The hashes that the pass made. Over TLS the signature leaves the body out, as that of the AWS
 * command line does: TLS guards it, and the hash beside it is signed.
 */
function withChecksums<Input extends { readonly Body?: unknown }>(
  context: S3Context,
  input: Input,
  part: PartDigest,
) {
  const hash = context.isEncrypted ? 'UNSIGNED-PAYLOAD' : part.sha256
  if (hash && input.Body instanceof Uint8Array) {
    context.clients.payloadHashes.set(input.Body, hash)
  }
  return { ...input, ContentMD5: part.md5, ChecksumCRC32: part.crc32 }
}

async function digestOf(
  context: S3Context,
  { digestOfPart, key, signal }: UploadWork,
  partNumber: number,
): Promise<PartDigest> {
  try {
    return await digestOfPart(partNumber)
  } catch (cause) {
    signal.throwIfAborted()
    throw new Error(`part ${partNumber} of ${context.locate(key)} could not be hashed`, { cause })
  }
}
