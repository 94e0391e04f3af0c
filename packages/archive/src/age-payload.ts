/**
 * The payload of an age v1 file: a nonce, then chunks of 64 KiB, each with a tag behind it.
 *
 * Every chunk is sealed with its number and with whether it is the last, so chunks cannot be swapped,
 * and an end is only believed of the chunk that says so. The last one is empty only if all is.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { ArchiveError } from './archive-error.ts'

export const CHUNK_BYTES: number = 64 << 10
const TAG_BYTES = 16
export const SEALED_CHUNK_BYTES: number = CHUNK_BYTES + TAG_BYTES
export const PAYLOAD_NONCE_BYTES = 16

export interface ChunkPlace {
  /** From 0. */
  readonly number: number
  readonly isLast: boolean
}

export function payloadKeyOf(fileKey: Uint8Array, nonce: Uint8Array): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32)))
}

/** The sealed chunk in two pieces, content and tag: to join them would copy all of it. */
export function sealChunk(
  key: KeyObject,
  plain: Uint8Array,
  place: ChunkPlace,
): readonly [Buffer, Buffer] {
  const cipher = createCipheriv('chacha20-poly1305', key, nonceOf(place), options)
  const sealed = cipher.update(plain)
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

export interface OpenedChunk {
  readonly plain: Buffer
  /** Throws unless the chunk was sealed as the last exactly where it is the last. */
  checkEnd(): void
}

/**
 * The plain chunk; `chunk-damaged` when a bit of it or its number differs. One that was sealed as the
 * last and is not, or the other way about, is authentic, and only its place is wrong: `checkEnd`.
 */
export function openChunk(key: KeyObject, sealed: Uint8Array, place: ChunkPlace): OpenedChunk {
  const { number, isLast } = place
  const size = sealed.length - TAG_BYTES
  if (size < 0 || (size === 0 && number > 0)) throw endsEarly(number)
  const plain = tryOpen(key, sealed, place)
  if (plain) return { plain, checkEnd: () => {} }
  const misplaced = tryOpen(key, sealed, { number, isLast: !isLast })
  if (!misplaced) throw damagedAt(`chunk ${number} does not hold`)
  // Only the last chunk may be short, whatever it was sealed as.
  if (sealed.length < SEALED_CHUNK_BYTES) throw endsEarly(number + 1)
  return {
    plain: misplaced,
    checkEnd() {
      throw isLast ? endsEarly(number + 1) : damagedAt('something follows its end')
    },
  }
}

/** How many chunks `sealedBytes` behind the nonce are, and how much they hold. */
export function measurePayload(sealedBytes: number): {
  readonly chunks: number
  readonly plainBytes: number
} {
  const chunks = Math.max(1, Math.ceil(sealedBytes / SEALED_CHUNK_BYTES))
  const plainBytes = sealedBytes - chunks * TAG_BYTES
  const lastBytes = plainBytes - (chunks - 1) * CHUNK_BYTES
  if (lastBytes < 0 || (lastBytes === 0 && chunks > 1)) throw endsEarly(chunks - 1)
  return { chunks, plainBytes }
}

const options = { authTagLength: TAG_BYTES }
const remedy = 'Restore another backup; keep this one for inspection.'

function nonceOf({ number, isLast }: ChunkPlace): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Null when the tag does not hold. */
function tryOpen(key: KeyObject, sealed: Uint8Array, place: ChunkPlace): Buffer | null {
  const size = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('chacha20-poly1305', key, nonceOf(place), options)
  decipher.setAuthTag(sealed.subarray(size))
  const plain = decipher.update(sealed.subarray(0, size))
  try {
    decipher.final()
    return plain
  } catch {
    // The only thing it can say is that the tag does not hold.
    return null
  }
}

function damagedAt(what: string): ArchiveError {
  return new ArchiveError('chunk-damaged', `The encrypted data is not what was written: ${what}`, {
    remedy,
  })
}

function endsEarly(chunk: number): ArchiveError {
  return new ArchiveError('truncated', `The encrypted data ends early, in chunk ${chunk}`, {
    remedy,
  })
}
