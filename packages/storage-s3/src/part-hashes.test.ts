import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createObjectHasher, type ObjectDigest, type PartDigest } from '@backstream/storage'
import { openHashThread } from './hash-thread.ts'
import { createPartHashes } from './part-hashes.ts'
import type { RawDataPart } from './part-upload.ts'

const partBytes = 1 << 20
const hashes = { hasPartSha256: true }
const { signal } = new AbortController()

describe('createPartHashes', () => {
  for (const bytes of [0, 1, partBytes, partBytes + 1, 3 * partBytes, 3 * partBytes + 12345]) {
    it(`hashes ${bytes} bytes in parts of ${partBytes}, each of them and the whole`, async () => {
      const content = randomBytes(bytes)
      const found = await hashed(content)
      const expected = createObjectHasher(partBytes, hashes)
      expected.update(content)
      const whole = expected.finish()
      assert.deepEqual(found, { parts: whole.parts, whole })
    })
  }

  it('knows the whole only once the last part was added', async () => {
    await using digests = createPartHashes({ partBytes, hashes, signal })
    const [first, last] = partsOf(randomBytes(partBytes + 1)) as [RawDataPart, RawDataPart]
    digests.add(first)
    const early = digests.whole
    assert.equal(early, undefined)
    digests.add(last)
    assert.equal((await digests.whole)?.bytes, partBytes + 1)
  })

  it('rejects for a part that was not added', async () => {
    await using digests = createPartHashes({ partBytes, hashes, signal })
    await assert.rejects(digests.part(1), /part 1 is sent before it was hashed/)
  })

  it('can be given up in the middle of a part', async () => {
    const digests = createPartHashes({ partBytes, hashes, signal })
    for (const part of partsOf(randomBytes(3 * partBytes))) digests.add(part)
    await digests[Symbol.asyncDispose]()
    await assert.rejects(digests.part(3), /the thread that hashes has ended/)
  })
})

describe('openHashThread', () => {
  it('fails what is asked of a thread that has ended', async () => {
    const thread = await openHashThread({ partBytes, hashes })
    const memory = new SharedArrayBuffer(partBytes)
    await thread.addPart(memory, partBytes)
    await thread[Symbol.asyncDispose]()
    await assert.rejects(thread.addPart(memory, partBytes), /the thread that hashes has ended/)
    await assert.rejects(thread.addLast(memory, 1), /the thread that hashes has ended/)
  })
})

async function hashed(content: Uint8Array): Promise<{ parts: PartDigest[]; whole: ObjectDigest }> {
  await using digests = createPartHashes({ partBytes, hashes, signal })
  const parts = partsOf(content)
  for (const part of parts) digests.add(part)
  const whole = await digests.whole
  assert.ok(whole)
  return { parts: await Promise.all(parts.map((part) => digests.part(part.partNumber))), whole }
}

function partsOf(content: Uint8Array): RawDataPart[] {
  const parts: RawDataPart[] = []
  for (let at = 0; at === 0 || at < content.length; at += partBytes) {
    const piece = content.subarray(at, at + partBytes)
    const data = Buffer.from(new SharedArrayBuffer(partBytes)).subarray(0, piece.length)
    data.set(piece)
    const lastPart = at + partBytes >= content.length
    parts.push({ partNumber: parts.length + 1, data, ...(lastPart && { lastPart }) })
  }
  return parts
}
