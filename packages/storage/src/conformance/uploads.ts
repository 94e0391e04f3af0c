import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Storage } from '../storage.ts'
import {
  assertSameBytes,
  chunksOf,
  collect,
  patternBytes,
  readAll,
  rejectsWith,
  sha256Of,
} from './arrange.ts'
import type { StorageFactory, StorageTraits } from './subject.ts'

const largestTried = 64 * 1024 * 1024

export function describeUploads(factory: StorageFactory, traits: StorageTraits): void {
  describe('uploads', () => {
    for (const [title, lengthFor] of [
      ['no bytes', () => 0],
      ['less than a part', () => 1234],
      ['exactly a part', (part: number) => part],
      ['a byte more than a part', (part: number) => part + 1],
      ['exactly two parts', (part: number) => 2 * part],
      ['two parts and a half', (part: number) => Math.floor(2.5 * part)],
    ] as const) {
      test(`stores a body of ${title} whole`, async () => {
        await using subject = await factory()
        const { storage } = subject
        const { partBytes } = storage.capabilities
        const bytes = patternBytes(lengthFor(partBytes))
        const seen = observe()
        const stored = await storage.upload('big', chunksOf(bytes, 100_000, 7, 333_333), seen)

        assert.equal(stored.bytes, bytes.byteLength)
        assert.equal(stored.sha256, sha256Of(bytes))
        const isInParts = bytes.byteLength > partBytes
        assert.equal(stored.check, isInParts ? traits.checks.parts : traits.checks.whole)
        assert.equal(seen.uploadIds.length, isInParts ? 1 : 0)
        assert.equal(seen.storedBytes.at(-1), bytes.byteLength)
        assert.deepEqual(
          seen.storedBytes,
          seen.storedBytes.toSorted((a, b) => a - b),
        )
        assertSameBytes(await readAll(await storage.get('big')), bytes)
        assert.equal((await storage.head('big')).etag, stored.etag)
        assert.deepEqual(await collect(storage.listUploads('')), [])
      })
    }

    test('takes a body in chunks that are larger than a part, one part at a time', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(Math.floor(2.5 * storage.capabilities.partBytes))
      await storage.upload('big', chunksOf(bytes, bytes.byteLength), { concurrency: 1 })
      assertSameBytes(await readAll(await storage.get('big')), bytes)
    })

    test('keeps no chunk of a body: its memory may be filled anew for the next', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(Math.floor(1.5 * storage.capabilities.partBytes))
      const body = async function* () {
        const memory = new Uint8Array(100_000)
        for (let at = 0; at < bytes.byteLength; at += memory.byteLength) {
          const chunk = bytes.subarray(at, at + memory.byteLength)
          memory.set(chunk)
          yield memory.subarray(0, chunk.byteLength)
          memory.fill(0)
        }
      }
      const stored = await storage.upload('big', body(), { concurrency: 1 })
      assert.equal(stored.sha256, sha256Of(bytes))
      assertSameBytes(await readAll(await storage.get('big')), bytes)
    })

    test('tells of each part, as it is sent and when it is stored', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { partBytes } = storage.capabilities
      for (const length of [10, 2 * partBytes + 10]) {
        const sent: number[] = []
        const numbers = new Set<number>()
        let stored = 0
        const onPart = (part: { readonly number: number; readonly bytes: number }) => {
          sent.push(part.bytes)
          return () => {
            stored += part.bytes
            numbers.add(part.number)
          }
        }
        await storage.upload('big', chunksOf(patternBytes(length), 500_000), { onPart })
        const parts = Math.ceil(length / partBytes)
        assert.deepEqual([sent.length, numbers.size, stored], [parts, parts, length])
      }
    })

    test('shows the upload while it lasts, and the object only afterwards', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { partBytes } = storage.capabilities
      const seen = observe()
      const body = async function* () {
        yield* chunksOf(patternBytes(partBytes + 1), 500_000)
        await seen.created
        const [listed] = await collect(storage.listUploads('dir/'))
        assert.equal(listed?.key, 'dir/big')
        assert.equal(listed.uploadId, seen.uploadIds[0])
        assert.ok(listed.initiatedAtMs > Date.UTC(2020))
        assert.deepEqual(await collect(storage.listUploads('other')), [])
        await rejectsWith('not-found', storage.head('dir/big'))
        yield patternBytes(10)
      }
      await storage.upload('dir/big', body(), seen)
      assert.equal((await storage.head('dir/big')).bytes, partBytes + 11)
      assert.deepEqual(await collect(storage.listUploads('')), [])
    })

    test('rejects with the very error of the body, and stores nothing', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { partBytes } = storage.capabilities
      for (const length of [0, 1000, partBytes, partBytes + 1, 2 * partBytes + 10]) {
        const error = new Error('the dump ended badly')
        const body = failingBody(patternBytes(length), error)
        await assert.rejects(storage.upload('big', body, {}), (thrown) => thrown === error)
        await rejectsWith('not-found', storage.head('big'))
      }
    })

    test('leaves a failed upload to be aborted by its caller', async () => {
      await using subject = await factory()
      const { storage } = subject
      const seen = observe()
      const bytes = patternBytes(2 * storage.capabilities.partBytes + 10)
      const body = failingBody(bytes, new Error('the dump ended badly'))
      await assert.rejects(storage.upload('big', body, seen), /ended badly/)
      assert.deepEqual(
        (await collect(storage.listUploads(''))).map((upload) => upload.uploadId),
        seen.uploadIds,
      )
      await abortAll(storage)
      assert.deepEqual(await collect(storage.listUploads('')), [])
      await rejectsWith('not-found', storage.head('big'))
    })

    test('lists the parts an upload has stored, and none of one that is gone', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { partBytes } = storage.capabilities
      const seen = observe()
      const { promise: stored, resolve } = Promise.withResolvers<void>()
      const body = async function* () {
        yield* chunksOf(patternBytes(2 * partBytes + 10), 500_000)
        await stored
        throw new Error('the dump ended badly')
      }
      const onStored = (bytes: number) => bytes >= 2 * partBytes && resolve()
      await assert.rejects(storage.upload('big', body(), { ...seen, onStored }), /ended badly/)
      const uploadId = seen.uploadIds[0]!
      const parts = await collect(storage.listParts('big', uploadId))
      assert.equal(parts.length, 2)
      for (const [at, part] of parts.entries()) {
        assert.equal(part.partNumber, at + 1)
        assert.equal(part.bytes, partBytes)
        assert.ok(part.lastModifiedMs > Date.UTC(2020))
      }
      assert.deepEqual(await collect(storage.listParts('other', uploadId)), [])
      await abortAll(storage)
      assert.deepEqual(await collect(storage.listParts('big', uploadId)), [])
    })

    test('succeeds in aborting an upload that is gone, or never was', async () => {
      await using subject = await factory()
      const { storage } = subject
      const seen = observe()
      const bytes = patternBytes(storage.capabilities.partBytes + 1)
      await storage.upload('big', chunksOf(bytes, 1_000_000), seen)
      await storage.abortUpload('big', seen.uploadIds[0]!)
      await storage.abortUpload('never there', seen.uploadIds[0]!)
      assertSameBytes(await readAll(await storage.get('big')), bytes)
    })

    test('stores the largest object there can be, and refuses one byte more', async (t) => {
      await using subject = await factory()
      const { storage } = subject
      const { maxObjectBytes } = storage.capabilities
      if (maxObjectBytes > largestTried) return t.skip('too large to try')
      const bytes = patternBytes(maxObjectBytes + 1)
      const whole = bytes.subarray(0, maxObjectBytes)
      const stored = await storage.upload('largest', chunksOf(whole, 1_000_000), {})
      assert.equal(stored.sha256, sha256Of(whole))
      const tooLarge = storage.upload('larger', chunksOf(bytes, 1_000_000), {})
      await rejectsWith('invalid-request', tooLarge)
      await rejectsWith('not-found', storage.head('larger'))
      await abortAll(storage)
    })

    test('keeps two uploads at one time apart', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(storage.capabilities.partBytes + 1000)
      const [first, second] = await Promise.all([
        storage.upload('one', chunksOf(bytes, 300_000), {}),
        storage.upload('two', chunksOf(bytes.subarray(500), 300_000), {}),
      ])
      assert.equal(first.sha256, sha256Of(bytes))
      assert.equal(second.sha256, sha256Of(bytes.subarray(500)))
    })
  })
}

function observe() {
  const uploadIds: string[] = []
  const storedBytes: number[] = []
  const { promise: created, resolve } = Promise.withResolvers<void>()
  return {
    uploadIds,
    storedBytes,
    created,
    onStored: (bytes: number) => void storedBytes.push(bytes),
    onUploadCreated: (uploadId: string) => {
      uploadIds.push(uploadId)
      resolve()
    },
  }
}

async function* failingBody(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array> {
  yield* chunksOf(bytes, 1_000_000)
  throw error
}

async function abortAll(storage: Storage): Promise<void> {
  for (const upload of await collect(storage.listUploads(''))) {
    await storage.abortUpload(upload.key, upload.uploadId)
  }
}
