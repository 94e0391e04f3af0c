import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { ObjectDigest } from '@backstream/storage'
import { abortTwins } from './abort-twins.ts'
import { publish } from './publish.ts'
import type { S3Context } from './s3-context.ts'
import {
  type CreatedUpload,
  completeUpload,
  createUpload,
  putWhole,
  type UploadWork,
  uploadPart,
} from './upload-requests.ts'
import { verifyStored } from './verify-stored.ts'

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
  let created: CreatedUpload | undefined
  let storedBytes = 0
  const publishObject = async (
    about: string,
    send: (digest: ObjectDigest) => Promise<Appeared>,
  ) => {
    const digest = await finished(work)
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
        created = await createUpload(context, work, command)
        return created.answer
      }
      if (command instanceof UploadPartCommand) {
        const bytes = byteLength(command.input.Body)
        const onStored = work.options.onPart?.({ number: command.input.PartNumber ?? 0, bytes })
        const answer = await uploadPart(context, work, command)
        onStored?.()
        reportStored(bytes)
        return answer
      }
      if (command instanceof CompleteMultipartUploadCommand) {
        const done = await publishObject('complete', (digest) =>
          completeUpload(context, work, { command, digest }),
        )
        if (created?.mayHaveTwin)
          await abortTwins(context, { ...created, key: work.key }, work.signal)
        return done
      }
      if (command instanceof PutObjectCommand) {
        const bytes = byteLength(command.input.Body)
        const onStored = work.options.onPart?.({ number: 1, bytes })
        const answer = await publishObject('put', (digest) =>
          putWhole(context, work, { command, digest }),
        )
        onStored?.()
        reportStored(bytes)
        return answer
      }
      throw new TypeError(`lib-storage sent something new: ${command?.constructor.name}`)
    },
  }
}

interface Appeared {
  readonly VersionId?: string | undefined
}

async function finished({ finishedDigest, signal, key }: UploadWork): Promise<ObjectDigest> {
  signal.throwIfAborted()
  const digest = await finishedDigest()
  signal.throwIfAborted()
  if (digest) return digest
  throw new TypeError(`object ${key} was about to appear before its body had ended`)
}

function byteLength(body: unknown): number {
  return body instanceof Uint8Array ? body.byteLength : 0
}
