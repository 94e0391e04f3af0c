import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
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

  it('hashes parts that are longer than what the thread is given at a time, one after another', async () => {
    const long = 9 * partBytes + 5
    await using digests = createPartHashes({ partBytes: long, hashes, signal })
    const content = randomBytes(2 * long + 7)
    const parts = partsOf(content, long)
    for (const part of parts) digests.add(part)
    const expected = createObjectHasher(long, hashes)
    expected.update(content)
    assert.deepEqual(await digests.whole, expected.finish())
    assert.deepEqual(await digests.part(2), expected.parts[1])
  })

  it('fails whoever waits when it is given up while it hashes', async () => {
    const digests = createPartHashes({ partBytes, hashes, signal })
    const [first, ...others] = partsOf(randomBytes(300 * partBytes)) as [RawDataPart]
    digests.add(first)
    await digests.part(1)
    for (const part of others) digests.add(part)
    await digests[Symbol.asyncDispose]()
    await assert.rejects(digests.part(300), /the thread that hashes has ended/)
    await digests[Symbol.asyncDispose]()
  })

  it('fails whoever waits, and nobody else, when the thread cannot be started', async () => {
    const open = () => Promise.reject(new Error('no threads are left'))
    const digests = createPartHashes({ partBytes, hashes, signal, open })
    for (const part of partsOf(randomBytes(2 * partBytes))) digests.add(part)
    await assert.rejects(digests.part(1), /no threads are left/)
    await assert.rejects(digests.part(2), /no threads are left/)
    await digests[Symbol.asyncDispose]()
  })
})

describe('openHashThread', () => {
  it('fails what is asked of a thread that has ended', async () => {
    const thread = await openHashThread({ partBytes, hashes })
    await thread.addPart(new Uint8Array(partBytes), 1)
    await thread[Symbol.asyncDispose]()
    const bytes = new Uint8Array(1)
    await assert.rejects(thread.addPart(bytes, 2), /the thread that hashes has ended/)
    await assert.rejects(thread.addLast(bytes), /the thread that hashes has ended/)
  })

  it('fails what is asked when the thread takes no messages', async (t) => {
    await using thread = await openHashThread({ partBytes, hashes })
    t.mock.method(Worker.prototype, 'postMessage', () => {
      throw new Error('no memory is left')
    })
    await assert.rejects(thread.addPart(new Uint8Array(partBytes), 1), /no memory is left/)
  })

  it('fails for a part that is not full', async () => {
    await using thread = await openHashThread({ partBytes, hashes })
    await assert.rejects(
      thread.addPart(new Uint8Array(1), 1),
      /part 1 is asked for, and 0 are full/,
    )
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

function partsOf(content: Uint8Array, size: number = partBytes): RawDataPart[] {
  const parts: RawDataPart[] = []
  for (let at = 0; at === 0 || at < content.length; at += size) {
    const data = content.subarray(at, at + size)
    const lastPart = at + size >= content.length
    parts.push({ partNumber: parts.length + 1, data, ...(lastPart && { lastPart }) })
  }
  return parts
}
