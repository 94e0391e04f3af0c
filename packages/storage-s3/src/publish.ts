import { isStorageError, retryRequest, StorageError, type StoredObject } from '@backstream/storage'
import { retryOptions, type S3Context } from './s3-context.ts'

export interface Publication {
  /** For messages: `complete s3://bucket/key`. */
  readonly about: string
  readonly signal: AbortSignal
  /** The request that makes the object appear. */
  readonly send: () => Promise<void>
  /** Looks whether what is there now is what was to appear; rejects as `verifyStored` does. */
  readonly look: () => Promise<StoredObject>
}

/**
 * Sends the request that makes an object appear, until it is known to have appeared, or known not
 * to, or nobody can tell.
 *
 * Unknown is not failed: after an answer that was lost or says "internal error", the key is looked
 * at, and an object that is ours is success. Only when it is still not there does the request go out
 * again, which is harmless, as it carries the same parts or bytes. Rejects with `unknown-outcome`
 * once it may have happened and cannot be shown.
 */
export async function publish(context: S3Context, publication: Publication): Promise<void> {
  const { about, signal, send, look } = publication
  let isUnsettled = false
  const sendAndSettle = async () => {
    try {
      await send()
    } catch (error) {
      signal.throwIfAborted()
      isUnsettled ||= isStorageError(error, 'unknown-outcome')
      // An upload is also gone once it was completed, by a try that was answered "slow down".
      const mayBeThere = isUnsettled || isStorageError(error, 'no-such-upload')
      if (mayBeThere && (await isThere(look, signal))) return
      throw isUnsettled ? unknownOutcome(about, error) : error
    }
  }
  await retryRequest(sendAndSettle, retryOptions(context, about, signal))
}

/** Another object at the key, or none, is not ours; what cannot be looked at may be. */
async function isThere(look: Publication['look'], signal: AbortSignal): Promise<boolean> {
  try {
    await look()
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (isStorageError(error, 'not-found') || isStorageError(error, 'corrupt')) return false
    throw unknownOutcome('look at the key', error)
  }
}

function unknownOutcome(about: string, cause: unknown): StorageError {
  return new StorageError('unknown-outcome', `${about}: whether it was done is not known`, {
    cause,
    remedy: 'Look at the key before anything is put there or removed.',
  })
}
