import { type KeyObject, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { encodeAgeHeader, FILE_KEY_BYTES } from './age-header.ts'
import type { AgeRecipient } from './age-keys.ts'
import { CHUNK_BYTES, PAYLOAD_NONCE_BYTES, payloadKeyOf, sealChunk } from './age-payload.ts'
import { wrapFileKey } from './age-x25519.ts'
import { ArchiveError } from './archive-error.ts'

export interface EncryptedStream {
  /** Size of the header; the payload follows it. The same for every stream to the same recipients. */
  readonly headerBytes: number
  /** Iterated once. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Sealed at a time, 1 MiB: about half a millisecond, then the event loop turns. */
const batchChunks = 16

/**
 * `plain` as an age v1 file that each of the recipients can decrypt, with a key of its own. The file
 * ends only when `plain` ended well: an error destroys it, and what came before is no whole file.
 */
export function encryptAge(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly AgeRecipient[],
): EncryptedStream {
  if (recipients.length === 0) {
    throw new ArchiveError('recipient-invalid', 'There is nobody to encrypt to', {
      remedy: 'Name at least one recipient.',
    })
  }
  const fileKey = randomBytes(FILE_KEY_BYTES)
  const nonce = randomBytes(PAYLOAD_NONCE_BYTES)
  const header = encodeAgeHeader(
    recipients.map((recipient) => wrapFileKey(fileKey, recipient)),
    fileKey,
  )
  const key = payloadKeyOf(fileKey, nonce)
  fileKey.fill(0)
  return { headerBytes: header.length, body: seal(plain, key, Buffer.concat([header, nonce])) }
}

async function* seal(
  plain: AsyncIterable<Uint8Array>,
  key: KeyObject,
  head: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head
  const sealer = new Sealer(key)
  for await (const bytes of plain) {
    for (const pieces of sealer.add(bytes)) {
      yield* pieces
      await setImmediate()
    }
  }
  yield* sealer.finish()
}

/** Holds back up to one chunk: whether it is the last shows only when more comes, or nothing. */
class Sealer {
  readonly #key: KeyObject
  readonly #held = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #heldBytes = 0
  #number = 0

  constructor(key: KeyObject) {
    this.#key = key
  }

  /** Pieces of the file, a batch at a time. */
  *add(bytes: Uint8Array): Generator<readonly Buffer[], void, undefined> {
    for (let rest = this.#hold(bytes); rest.length > 0; ) {
      const whole = Math.min(batchChunks, Math.ceil(rest.length / CHUNK_BYTES) - 1)
      const held = this.#heldBytes > 0 ? [this.#held] : []
      this.#heldBytes = 0
      yield this.#seal([...held, ...cut(rest, whole)], false)
      rest = this.#hold(rest.subarray(whole * CHUNK_BYTES))
    }
  }

  finish(): readonly Buffer[] {
    return this.#seal([this.#held.subarray(0, this.#heldBytes)], true)
  }

  /** What it does not take: all of it where more than a chunk comes and none has begun. */
  #hold(bytes: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0 && bytes.length > CHUNK_BYTES) return bytes
    const part = bytes.subarray(0, CHUNK_BYTES - this.#heldBytes)
    this.#held.set(part, this.#heldBytes)
    this.#heldBytes += part.length
    return bytes.subarray(part.length)
  }

  #seal(chunks: readonly Uint8Array[], isLast: boolean): readonly Buffer[] {
    return chunks.flatMap((plain) =>
      sealChunk(this.#key, plain, { number: this.#number++, isLast }),
    )
  }
}

function cut(bytes: Uint8Array, chunks: number): Uint8Array[] {
  return Array.from({ length: chunks }, (_, at) =>
    bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES),
  )
}
