import { isStorageError, type Storage } from '@backstream/storage'
import { BackupError } from './errors.ts'

/** Manifests, voids, notes and marks are a few KiB; more than this is not one of ours. */
const maxBytes = 4 * 1024 * 1024

const done = new Error('nobody reads on')

/** Bytes of an object of a few KiB, or undefined when there is none. Rejects one that is too large. */
export async function readSmallObject(
  storage: Storage,
  key: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const enough = new AbortController()
  const signals = signal ? [signal, enough.signal] : [enough.signal]
  try {
    const object = await storage.get(key, { signal: AbortSignal.any(signals) })
    if (object.totalBytes > maxBytes) throw tooLarge(storage, key, object.totalBytes)
    const chunks: Uint8Array[] = []
    for await (const chunk of object.body) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    if (isStorageError(error, 'not-found')) return undefined
    throw error
  } finally {
    // A body that was not read must be let go. A reason at hand is cheaper than one made anew.
    enough.abort(done)
  }
}

function tooLarge(storage: Storage, key: string, bytes: number): BackupError {
  return new BackupError(
    'manifest-invalid',
    `${storage.location}/${key} has ${bytes} bytes: it is neither a manifest nor a note`,
    { permanent: true, remedy: 'Look at the object; something else wrote it.' },
  )
}
