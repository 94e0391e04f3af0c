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
    // In Node the SDK's body is the response itself; its type covers browsers too.
    const stream = answer.Body as Readable
    const given = parseContentRange(answer.ContentRange)
    if (options.range && !holds(options.range, { given, bytes: info.bytes })) {
      stream.destroy()
      throw rangeIgnored(about, options.range)
    }
    const totalBytes = given?.totalBytes ?? info.bytes
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

interface GivenRange {
  readonly start: number
  readonly totalBytes: number
}

/** An answer that names no range is the whole object, which may be just what was asked for. */
function holds(
  { start, end }: NonNullable<GetOptions['range']>,
  { given, bytes }: { readonly given: GivenRange | undefined; readonly bytes: number },
): boolean {
  if (given) return given.start === start && bytes === Math.min(end, given.totalBytes) - start
  return start === 0 && bytes <= end
}

/** `bytes 0-99/1000`. */
function parseContentRange(text: string | undefined): GivenRange | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(text ?? '')
  return match ? { start: Number(match[1]), totalBytes: Number(match[2]) } : undefined
}

/** Read as if it were the range, the whole object would pass for another part of itself. */
function rangeIgnored(about: string, { start, end }: NonNullable<GetOptions['range']>): Error {
  return new StorageError(
    'unsupported',
    `${about}: asked for the bytes ${start}-${end}, the store gave others`,
    { remedy: 'See whether a proxy before the store takes the Range header away.' },
  )
}

function timeoutError(about: string, idleTimeoutMs: number): StorageError {
  const seconds = Math.round(idleTimeoutMs / 1000)
  return new StorageError('timeout', `${about}: no byte arrived for ${seconds} s`)
}
