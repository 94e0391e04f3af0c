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
  type ObjectDigest,
  type ObjectHasher,
  type PartDigest,
  retryRequest,
  StorageError,
  type UploadOptions,
} from '@backstream/storage'
import { publish } from './publish.ts'
import { request } from './request.ts'
import { retryOptions, type S3Context } from './s3-context.ts'
import { verifyStored } from './verify-stored.ts'

export interface UploadWork {
  readonly key: string
  readonly options: UploadOptions
  /** Aborted by whatever ends this upload; goes with every request. */
  readonly signal: AbortSignal
  readonly hasher: ObjectHasher
  /** Undefined until the body has ended well: the gate before anything that makes an object. */
  readonly finishedDigest: () => ObjectDigest | undefined
}

export interface UploadClient {
  /** Sends what lib-storage asks for, our way. */
  send(command: unknown): Promise<unknown>
  /** The version that was made, where there are versions. */
  readonly versionId: string | undefined
}

/**
 * What lib-storage takes for an S3 client. Left to itself it passes no signal on, repeats nothing
 * for longer than a second, and has no say in checksums. Here each request gets the upload's
 * signal, is repeated by itself (so a part never restarts the source), carries the hashes that the
 * pass over the body made, and nothing that makes an object appear passes before the body has ended
 * well.
 */
export function createUploadClient(context: S3Context, work: UploadWork): UploadClient {
  let versionId: string | undefined
  let storedBytes = 0
  const publishObject = async (
    about: string,
    send: (digest: ObjectDigest) => Promise<Appeared>,
  ) => {
    const digest = requireFinished(work)
    const { key, signal } = work
    await publish(context, {
      about: `${about} ${context.locate(key)}`,
      signal,
      send: async () => {
        versionId = (await send(digest)).VersionId
      },
      look: () => verifyStored(context, digest, { key, signal }),
    })
    return {}
  }
  const reportStored = (bytes: number) => {
    storedBytes += bytes
    work.options.onStored?.(storedBytes)
  }

  return {
    get versionId() {
      return versionId
    },
    async send(command) {
      if (command instanceof CreateMultipartUploadCommand) {
        return await createUpload(context, work, command)
      }
      if (command instanceof UploadPartCommand) {
        const answer = await uploadPart(context, work, command)
        reportStored(byteLength(command.input.Body))
        return answer
      }
      if (command instanceof CompleteMultipartUploadCommand) {
        return await publishObject('complete', (digest) =>
          complete(context, work, { command, digest }),
        )
      }
      if (command instanceof PutObjectCommand) {
        const answer = await publishObject('put', (digest) =>
          put(context, work, { command, digest }),
        )
        reportStored(byteLength(command.input.Body))
        return answer
      }
      throw new TypeError(`lib-storage sent something new: ${command?.constructor.name}`)
    },
  }
}

interface Appeared {
  readonly VersionId?: string | undefined
}

async function createUpload(
  context: S3Context,
  { key, signal, options }: UploadWork,
  { input }: CreateMultipartUploadCommand,
): Promise<CreateMultipartUploadCommandOutput> {
  const about = `begin upload of ${context.locate(key)}`
  const checksums = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const
  const { profile, clients } = context
  const sent = { ...input, ...(profile.checksums ? checksums : {}) }
  const answer = await retryRequest(
    () =>
      request({ about, signal, changes: true }, (abortable) =>
        clients.requests.send(new CreateMultipartUploadCommand(sent), abortable),
      ),
    retryOptions(context, about, signal),
  )
  if (!answer.UploadId) throw new StorageError('unavailable', `${about}: the store gave no id`)
  options.onUploadCreated?.(answer.UploadId)
  return answer
}

async function uploadPart(
  context: S3Context,
  work: UploadWork,
  { input }: UploadPartCommand,
): Promise<UploadPartCommandOutput> {
  const part = requirePart(work, input.PartNumber)
  const about = `send part ${input.PartNumber} of ${context.locate(work.key)}`
  const { signal } = work
  return await retryRequest(
    () =>
      request({ about, signal, changes: true }, (abortable) => {
        const sent = withChecksums(context, input, part)

        return context.clients.requests.send(new UploadPartCommand(sent), abortable)
      }),
    retryOptions(context, about, signal),
  )
}

async function put(
  context: S3Context,
  work: UploadWork,
  { command: { input }, digest }: { command: PutObjectCommand; digest: ObjectDigest },
): Promise<PutObjectCommandOutput> {
  const part = requirePart(work, digest.parts.length)
  const about = `put ${context.locate(work.key)}`
  return await request({ about, signal: work.signal, changes: true }, (abortable) => {
    const sent = withChecksums(context, input, part)

    return context.clients.requests.send(new PutObjectCommand(sent), abortable)
  })
}

async function complete(
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
  return await request({ about, signal: work.signal, changes: true }, (abortable) =>
    context.clients.requests.send(new CompleteMultipartUploadCommand(sent), abortable),
  )
}

/**
 * The hashes that the pass made. Over TLS the signature leaves the body out, as that of the AWS
 * command line does: TLS guards it, and Content-MD5 is signed.
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
  const checksums = context.profile.checksums ? { ChecksumCRC32: part.crc32 } : {}
  return { ...input, ContentMD5: part.md5, ...checksums }
}

function requirePart({ hasher, key }: UploadWork, partNumber: number | undefined): PartDigest {
  const part = hasher.parts[(partNumber ?? 0) - 1]
  if (part) return part
  throw new TypeError(`part ${partNumber} of ${key} is sent before it was hashed`)
}

function requireFinished({ finishedDigest, signal, key }: UploadWork): ObjectDigest {
  signal.throwIfAborted()
  const digest = finishedDigest()
  if (digest) return digest
  throw new TypeError(`object ${key} was about to appear before its body had ended`)
}

function byteLength(body: unknown): number {
  return body instanceof Uint8Array ? body.byteLength : 0
}
