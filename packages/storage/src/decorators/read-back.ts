import { createHash } from 'node:crypto'
import { isStorageError } from '../errors.ts'
import type { RequestOptions, Storage, StoredObject } from '../storage.ts'

export type ReadBack =
  | { readonly kind: 'ours'; readonly stored: StoredObject }
  | { readonly kind: 'theirs' }
  | { readonly kind: 'absent' }

/** Whether what stands at a key is, byte for byte, what we meant to put there. */
export async function readBack(
  storage: Storage,
  put: { key: string; bytes: Uint8Array; options: RequestOptions },
): Promise<ReadBack> {
  const { key, bytes, options } = put
  try {
    const object = await storage.get(key, { signal: options.signal })
    if (!(await isEqual(object.body, bytes))) return { kind: 'theirs' }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const { etag, versionId } = object
    const { byteLength } = bytes
    return {
      kind: 'ours',
      stored: { key, bytes: byteLength, sha256, etag, versionId, check: 'sha256' },
    }
  } catch (error) {
    if (isStorageError(error, 'not-found')) return { kind: 'absent' }
    throw error
  }
}

/** Stops reading at the first difference. */
async function isEqual(body: AsyncIterable<Uint8Array>, bytes: Uint8Array): Promise<boolean> {
  let at = 0
  for await (const chunk of body) {
    const ours = bytes.subarray(at, at + chunk.byteLength)
    if (Buffer.compare(chunk, ours) !== 0) return false
    at += chunk.byteLength
  }
  return at === bytes.byteLength
}
