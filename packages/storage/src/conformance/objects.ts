import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertSameBytes,
  bytesOf,
  patternBytes,
  readAll,
  rejectsWith,
  sha256Of,
} from './arrange.ts'
import type { StorageFactory, StorageTraits } from './subject.ts'

export function describeObjects(factory: StorageFactory, traits: StorageTraits): void {
  describe('objects', () => {
    test('gives back the bytes that were put, with the same description from put, head and get', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(70_000)
      const stored = await storage.put('a/object', bytes, { contentType: 'text/plain' })
      const info = await storage.head('a/object')
      const object = await storage.get('a/object')

      assertSameBytes(await readAll(object), bytes)
      assert.equal(stored.key, 'a/object')
      assert.equal(stored.bytes, bytes.byteLength)
      assert.equal(stored.sha256, sha256Of(bytes))
      assert.equal(stored.check, traits.checks.whole)
      assert.equal(info.bytes, bytes.byteLength)
      assert.equal(info.etag, stored.etag)
      assert.equal(info.versionId, stored.versionId)
      assert.ok(info.lastModifiedMs > Date.UTC(2020))
      assert.equal(object.bytes, bytes.byteLength)
      assert.equal(object.totalBytes, bytes.byteLength)
      assert.equal(object.etag, stored.etag)
    })

    test('keeps an object of no bytes', async () => {
      await using subject = await factory()
      const { storage } = subject
      const stored = await storage.put('empty', new Uint8Array())
      assert.equal(stored.bytes, 0)
      assert.equal(stored.sha256, sha256Of(new Uint8Array()))
      assert.equal((await readAll(await storage.get('empty'))).byteLength, 0)
    })

    test('shows the second of two puts at once', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('object', bytesOf('first'))
      const second = await storage.put('object', bytesOf('the second'))
      assert.equal((await readAll(await storage.get('object'))).toString(), 'the second')
      assert.equal((await storage.head('object')).etag, second.etag)
    })

    test('says not-found for what was never there', async () => {
      await using subject = await factory()
      await rejectsWith('not-found', subject.storage.head('nothing'))
      await rejectsWith('not-found', subject.storage.get('nothing'))
    })

    test('says not-found after a delete, and deletes what is not there', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('object', bytesOf('x'))
      await storage.delete('object')
      await rejectsWith('not-found', storage.head('object'))
      await rejectsWith('not-found', storage.get('object'))
      await storage.delete('object')
      await storage.delete('never there')
    })

    test('gives a range by inclusive start and exclusive end', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(1000)
      await storage.put('object', bytes)
      for (const [start, end] of [
        [0, 1],
        [0, 1000],
        [10, 20],
        [999, 1000],
        [500, 5000],
      ] as const) {
        const object = await storage.get('object', { range: { start, end } })
        assertSameBytes(await readAll(object), bytes.subarray(start, end))
        assert.equal(object.bytes, Math.min(end, 1000) - start)
        assert.equal(object.totalBytes, 1000)
      }
    })

    test('refuses a range that begins behind the end, or holds nothing', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('object', patternBytes(1000))
      await rejectsWith(
        'invalid-request',
        storage.get('object', { range: { start: 1000, end: 1001 } }),
      )
      await rejectsWith('invalid-request', storage.get('object', { range: { start: 5, end: 5 } }))
      await rejectsWith('invalid-request', storage.get('object', { range: { start: -1, end: 5 } }))
    })

    test('reads on only while the object is the one that was meant', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { etag } = await storage.put('object', bytesOf('first'))
      assert.ok(etag)
      const same = await storage.get('object', { ifMatch: etag })
      assert.equal((await readAll(same)).toString(), 'first')
      await storage.put('object', bytesOf('second'))
      await rejectsWith('invalid-request', storage.get('object', { ifMatch: etag }))
    })

    test('stays usable when bodies are left half read', async () => {
      await using subject = await factory()
      const { storage } = subject
      const bytes = patternBytes(3_000_000)
      await storage.put('object', bytes)
      for (let round = 0; round < 5; round++) {
        for await (const chunk of (await storage.get('object')).body) {
          assert.ok(chunk.byteLength > 0)
          break
        }
      }
      assertSameBytes(await readAll(await storage.get('object')), bytes)
    })
  })
}
