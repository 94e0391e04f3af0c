import {
  createObjectHasher,
  measureBody,
  type ObjectDigest,
  type ObjectHasherOptions,
} from '@backstream/storage'

export interface DigestOptions {
  readonly hashes: ObjectHasherOptions
  readonly signal: AbortSignal
}

/** Of bytes that are one part, with turns for others in between. */
export async function digestBytes(
  bytes: Uint8Array,
  { hashes, signal }: DigestOptions,
): Promise<ObjectDigest> {
  const hasher = createObjectHasher(Math.max(1, bytes.byteLength), hashes)
  const body = (async function* () {
    yield bytes
  })()
  for await (const _slice of measureBody(body, { hasher, maxBytes: Infinity, signal }));
  return hasher.finish()
}
