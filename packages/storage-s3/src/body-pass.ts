import {
  createObjectHasher,
  measureBody,
  type ObjectDigest,
  type ObjectHasher,
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

/** Aborts the controller with the body's own error; whoever aborts it ends the pass. */
export function openBodyPass(
  context: S3Context,
  body: AsyncIterable<Uint8Array>,
  controller: AbortController,
): BodyPass {
  const { partBytes, maxObjectBytes: maxBytes, checksums: hasCrc32 } = context.profile
  const hasher = createObjectHasher(partBytes, { hasPartSha256: !context.isEncrypted, hasCrc32 })
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
