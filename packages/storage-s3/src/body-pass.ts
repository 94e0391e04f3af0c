import {
  createObjectHasher,
  measureBody,
  type ObjectDigest,
  type ObjectHasher,
  type ObjectHasherOptions,
} from '@backstream/storage'
import { createPartBuffers, cutParts } from './cut-parts.ts'
import type { RawDataPart } from './part-upload.ts'
import type { S3Context } from './s3-context.ts'

/** A body on its way into parts, hashed as it goes. */
export interface BodyPass {
  readonly hasher: ObjectHasher
  readonly parts: AsyncGenerator<RawDataPart, void, undefined>
  /** Undefined until the body has ended well. */
  readonly finishedDigest: () => ObjectDigest | undefined
  /** The part was stored, and its memory can be filled anew. */
  readonly giveBack: (part: Uint8Array) => void
}

/** A store that compares CRC-32s, of each part and of the whole, needs no MD5: that is the dearest. */
export function hashesFor({ profile }: S3Context): ObjectHasherOptions {
  return { hasCrc32: profile.checksums, hasMd5: !profile.checksums }
}

/** Aborts the controller with the body's own error; whoever aborts it ends the pass. */
export function openBodyPass(
  context: S3Context,
  body: AsyncIterable<Uint8Array>,
  controller: AbortController,
): BodyPass {
  const { partBytes, maxObjectBytes: maxBytes } = context.profile
  const hasPartSha256 = !context.isEncrypted
  const hasher = createObjectHasher(partBytes, { ...hashesFor(context), hasPartSha256 })
  const buffers = createPartBuffers(partBytes)
  let digest: ObjectDigest | undefined
  const measured = async function* () {
    try {
      yield* measureBody(body, { hasher, maxBytes, signal: controller.signal })
      digest = hasher.finish()
    } catch (error) {
      controller.abort(error)
      throw error
    }
  }
  return {
    hasher,
    parts: cutParts(measured(), buffers),
    finishedDigest: () => digest,
    giveBack: buffers.giveBack,
  }
}
