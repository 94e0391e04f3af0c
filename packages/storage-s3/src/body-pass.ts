import { guardBody, type ObjectDigest, type ObjectHasherOptions } from '@backstream/storage'
import { createPartBuffers, cutParts } from './cut-parts.ts'
import { createPartHashes, type PartHashes } from './part-hashes.ts'
import type { RawDataPart } from './part-upload.ts'
import type { S3Context } from './s3-context.ts'

/** A body on its way into parts, hashed as they go. */
export interface BodyPass extends AsyncDisposable {
  readonly parts: AsyncGenerator<RawDataPart, void, undefined>
  /** Of a part that has come out of `parts`. */
  readonly digestOfPart: PartHashes['part']
  /** Undefined until the body has ended well. */
  readonly finishedDigest: () => Promise<ObjectDigest> | undefined
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
  const { signal } = controller
  const hasPartSha256 = !context.isEncrypted
  const hashes = createPartHashes({
    ...{ partBytes, signal },
    hashes: { ...hashesFor(context), hasPartSha256 },
  })
  const buffers = createPartBuffers(partBytes)
  const hashed = async function* () {
    try {
      for await (const part of cutParts(guardBody(body, { maxBytes, signal }), buffers)) {
        hashes.add(part)
        yield part
      }
    } catch (error) {
      controller.abort(error)
      throw error
    }
  }
  return {
    parts: hashed(),
    digestOfPart: hashes.part,
    finishedDigest: () => hashes.whole,
    giveBack: buffers.giveBack,
    [Symbol.asyncDispose]: () => hashes[Symbol.asyncDispose](),
  }
}
