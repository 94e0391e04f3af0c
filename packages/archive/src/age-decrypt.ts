import { type AgeHeader, checkAgeHeader, readAgeHeader } from './age-header.ts'
import type { AgeIdentity } from './age-keys.ts'
import { openChunk, PAYLOAD_NONCE_BYTES, payloadKeyOf, SEALED_CHUNK_BYTES } from './age-payload.ts'
import { unwrapFileKey } from './age-x25519.ts'
import { ArchiveError } from './archive-error.ts'
import { ByteReader } from './byte-reader.ts'

export interface DecryptOptions {
  /** Any of them may be the one. */
  readonly identities: readonly AgeIdentity[]
  readonly signal: AbortSignal
}

/**
 * What an age v1 file holds. Nothing is yielded that was not authenticated, and the end only after
 * the chunk that says it is the last, with nothing behind it: a file cut anywhere is an error.
 */
export async function* decryptAge(
  file: AsyncIterable<Uint8Array>,
  { identities, signal }: DecryptOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(file)
  try {
    const fileKey = fileKeyOf(await readAgeHeader(reader), identities)
    const key = payloadKeyOf(fileKey, await reader.read(PAYLOAD_NONCE_BYTES))
    const held = Buffer.allocUnsafeSlow(SEALED_CHUNK_BYTES)
    // Looking for what follows a chunk may cost the reader's view of it.
    const hold = (chunk: Buffer) => held.subarray(0, chunk.copy(held))
    for (let number = 0, isLast = false; !isLast; number++) {
      signal.throwIfAborted()
      const sealed = hold(await reader.readUpTo(SEALED_CHUNK_BYTES))
      isLast = await reader.isAtEnd()
      const { plain, checkEnd } = openChunk(key, sealed, { number, isLast })
      if (plain.length > 0) yield plain
      checkEnd()
    }
  } finally {
    await reader.close()
  }
}

/** `identity-wrong` when it was encrypted to none of them. */
export function fileKeyOf(header: AgeHeader, identities: readonly AgeIdentity[]): Buffer {
  for (const identity of identities) {
    for (const stanza of header.stanzas) {
      const fileKey = unwrapFileKey(stanza, identity)
      if (!fileKey) continue
      checkAgeHeader(header, fileKey)
      return fileKey
    }
  }
  const given = identities.map(({ recipient }) => recipient.text).join(', ')
  throw new ArchiveError('identity-wrong', `It was not encrypted to ${given || 'anybody given'}`, {
    remedy: 'Give the identity of one of the recipients it was encrypted to.',
  })
}
