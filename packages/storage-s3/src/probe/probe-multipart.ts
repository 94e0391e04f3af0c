import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { StorageError } from '@backstream/storage'
import { request } from '../request.ts'
import { describeNewObject } from '../s3-context.ts'
import { failure, findingOf, ok, type ProbeFinding, warning } from './finding.ts'
import type { Probe } from './probe.ts'

const key = 'upload'

/** Begins an upload, sends a part, finds it in the list of uploads, and aborts it. */
export async function probeMultipart(probe: Probe): Promise<ProbeFinding> {
  const { storage, signal } = probe
  try {
    const uploadId = await beginUpload(probe)
    const isListed = await hasUpload(probe)
    await storage.abortUpload(key, uploadId, { signal })
    if (await hasUpload(probe)) {
      return failure('multipart', 'an upload that was aborted is still listed', null)
    }
    if (isListed) return ok('multipart', 'uploads in parts can be begun, listed and aborted')
    return warning(
      'multipart',
      'the store does not list uploads in progress: parts left by a killed run cannot be found',
      'Give the bucket a lifecycle rule that aborts incomplete uploads.',
    )
  } catch (error) {
    signal?.throwIfAborted()
    return findingOf('multipart', error)
  }
}

async function beginUpload({ context, folder, signal }: Probe): Promise<string> {
  const { clients } = context
  const Key = context.keys.toObjectKey(`${folder}/${key}`)
  const target = { Bucket: context.bucket, Key }
  const about = `begin upload of s3://${context.bucket}/${Key}`
  const described = { ...target, ...describeNewObject(context, undefined) }
  const { UploadId } = await request({ about, signal }, (sent) =>
    clients.requests.send(new CreateMultipartUploadCommand(described), sent),
  )
  if (!UploadId) throw new StorageError('unavailable', `${about}: the store gave no id`)
  const part = { ...target, UploadId, PartNumber: 1, Body: new Uint8Array(1000) }
  await request({ about: `send part 1 of ${Key}`, signal }, (sent) =>
    clients.requests.send(new UploadPartCommand(part), sent),
  )
  return UploadId
}

async function hasUpload({ storage, signal }: Probe): Promise<boolean> {
  for await (const upload of storage.listUploads(key, { signal })) {
    if (upload.key === key) return true
  }
  return false
}
