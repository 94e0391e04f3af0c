import type { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { type GetOptions, type ObjectBody, StorageError } from '@backstream/storage'
import { describeObject } from './describe-object.ts'
import { openIdleWatch } from './idle-watch.ts'
import { readBody } from './read-body.ts'
import { request } from './request.ts'
import type { S3Context } from './s3-context.ts'

export async function getObject(
  context: S3Context,
  key: string,
  options: GetOptions = {},
): Promise<ObjectBody> {
  options.signal?.throwIfAborted()
  const about = `get ${context.locate(key)}`
  const command = createCommand(context, key, options)
  const watch = openIdleWatch({
    idleTimeoutMs: context.idleTimeoutMs,
    signal: options.signal,
    timeoutError: () => timeoutError(about, context.idleTimeoutMs),
  })
  try {
    watch.expect()
    const sent = { about, signal: watch.signal, onPrecondition: 'invalid-request' } as const
    const answer = await request(sent, (send) => context.clients.bodies.send(command, send))
    watch.rest()
    const info = describeObject(answer)
    const totalBytes = totalOf(answer.ContentRange) ?? info.bytes
    // In Node the SDK's body is the response itself; its type covers browsers too.
    const stream = answer.Body as Readable
    return { ...info, totalBytes, body: readBody(stream, { watch, about, bytes: info.bytes }) }
  } catch (error) {
    watch.close()
    throw error
  }
}

function createCommand(context: S3Context, key: string, options: GetOptions): GetObjectCommand {
  const { range, ifMatch, versionId } = options
  if (range && !(range.start >= 0 && range.end > range.start)) {
    const asked = `${range.start}-${range.end}`
    throw new StorageError('invalid-request', `get ${context.locate(key)}: no range ${asked}`)
  }
  return new GetObjectCommand({
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(key),
    VersionId: versionId,
    Range: range ? `bytes=${range.start}-${range.end - 1}` : undefined,
    IfMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`,
  })
}

/** `bytes 0-99/1000`. */
function totalOf(contentRange: string | undefined): number | undefined {
  const total = Number(contentRange?.split('/')[1])
  return Number.isInteger(total) ? total : undefined
}

function timeoutError(about: string, idleTimeoutMs: number): StorageError {
  const seconds = Math.round(idleTimeoutMs / 1000)
  return new StorageError('timeout', `${about}: no byte arrived for ${seconds} s`)
}
