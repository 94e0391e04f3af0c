import { isStorageError, StorageError } from '../errors.ts'
import { isTransientOrUnknown, type RetryOptions, retryRequest } from '../retry-request.ts'
import type { PutOptions, Storage, StoredObject } from '../storage.ts'
import { readBack } from './read-back.ts'

export interface ConditionalPut {
  readonly key: string
  readonly bytes: Uint8Array
  readonly options: PutOptions
}

/**
 * A conditional put over a network that loses answers.
 *
 * Once a try has failed in a way that may have stored something, "already exists" may be our own
 * work. Then what is there is read and compared: our bytes are success, others are
 * `already-exists`, nothing there means to try again. Where the reading fails to the end as well,
 * nobody knows, and that is what it says: `unknown-outcome`.
 */
export async function putOnce(
  inner: Storage,
  put: ConditionalPut,
  retry: RetryOptions,
): Promise<StoredObject> {
  let mayBeOurs = false
  let isGivenUp = false

  const settle = async (error: unknown): Promise<StoredObject> => {
    const found = await retryRequest(() => readBack(inner, put), retry).catch((cause: unknown) => {
      retry.signal?.throwIfAborted()
      isGivenUp = true
      throw unknownOutcome(put.key, cause)
    })
    if (found.kind === 'ours') return found.stored
    if (found.kind === 'theirs') throw alreadyExists(put.key, error)
    throw isStorageError(error, 'already-exists') ? unknownOutcome(put.key, error) : error
  }

  return await retryRequest(
    async () => {
      try {
        return await inner.put(put.key, put.bytes, put.options)
      } catch (error) {
        const isSettled = isStorageError(error, 'already-exists') ? !mayBeOurs : !isUnknown(error)
        mayBeOurs ||= isTransientOrUnknown(error)
        if (isSettled || retry.signal?.aborted) throw error
        return await settle(error)
      }
    },
    { ...retry, shouldRetry: (error) => !isGivenUp && isTransientOrUnknown(error) },
  )
}

function isUnknown(error: unknown): boolean {
  return isStorageError(error, 'unknown-outcome')
}

function alreadyExists(key: string, cause: unknown): StorageError {
  return new StorageError('already-exists', `object ${key} exists already`, { cause })
}

function unknownOutcome(key: string, cause: unknown): StorageError {
  return new StorageError('unknown-outcome', `whether object ${key} was stored is not known`, {
    cause,
    remedy: 'Look at the object before anything is put there or removed again.',
  })
}
