import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describeError } from '@backstream/kernel'
import { isStorageError, type RequestOptions, retryRequest } from '@backstream/storage'
import { request } from './request.ts'
import { retryOptions, type S3Context } from './s3-context.ts'

/** How long the removal of a probe may take. */
const probeRemovalMs = 30_000

/** Whether the store itself guards a conditional put: known, or found out when first needed. */
export interface ConditionalPut {
  /** False until it is known to be true: whoever asks too early takes the longer, safe way. */
  readonly isKnownGuarded: boolean
  /** Asks the store once, and remembers. A question that failed is asked again next time. */
  isGuarded(options?: RequestOptions): Promise<boolean>
}

export function createConditionalPut(context: S3Context): ConditionalPut {
  let known = context.profile.conditionalPut
  return {
    get isKnownGuarded() {
      return known ?? false
    },
    async isGuarded({ signal } = {}) {
      known ??= await probeConditionalPut(context, signal)
      return known
    },
  }
}

/**
 * Puts a small object twice under the same condition: a store that honours it refuses the second.
 *
 * A key of its own, because on a store that ignores the condition the put that asks would overwrite
 * what it asks about.
 */
export async function probeConditionalPut(
  context: S3Context,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const key = `.backstream-probe-${randomUUID()}`
  const about = `probe conditional put at ${context.locate(key)}`
  try {
    return await retryRequest(
      async () => {
        const first = await putIfAbsent(context, { key, about, signal })
        if (first === 'refused') return false
        return (await putIfAbsent(context, { key, about, signal })) === 'exists'
      },
      retryOptions(context, about, signal),
    )
  } finally {
    await removeProbe(context, key)
  }
}

interface ProbeRequest {
  readonly key: string
  readonly about: string
  readonly signal: AbortSignal | undefined
}

async function putIfAbsent(
  context: S3Context,
  { key, about, signal }: ProbeRequest,
): Promise<'stored' | 'exists' | 'refused'> {
  const command = new PutObjectCommand({
    Bucket: context.bucket,
    Key: context.keys.toObjectKey(key),
    Body: new TextEncoder().encode('Backstream asks whether this store honours If-None-Match.\n'),
    IfNoneMatch: '*',
  })
  try {
    await request({ about, signal, onPrecondition: 'already-exists' }, (sent) =>
      context.clients.requests.send(command, sent),
    )
    return 'stored'
  } catch (error) {
    if (isStorageError(error, 'already-exists')) return 'exists'
    if (isStorageError(error, 'unsupported')) return 'refused'
    if (isStorageError(error, 'invalid-request')) return 'refused'
    throw error
  }
}

/** Under a signal of its own, as the caller's may be what ended the probe. */
async function removeProbe(context: S3Context, key: string): Promise<void> {
  const about = `remove ${context.locate(key)}`
  const target = { Bucket: context.bucket, Key: context.keys.toObjectKey(key) }
  try {
    await request({ about, signal: AbortSignal.timeout(probeRemovalMs) }, (sent) =>
      context.clients.requests.send(new DeleteObjectCommand(target), sent),
    )
  } catch (error) {
    const message = 'a probe object of a few bytes could not be removed'
    context.logger.warn({ key: target.Key, error: describeError(error) }, message)
  }
}
