import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytesOf, collect } from './arrange.ts'
import type { StorageFactory } from './subject.ts'

const keys = ['a', 'a-b', 'a/1', 'a/2', 'a/2/x', 'a/3/y', 'a0', 'b/1', 'c']

export function describeListing(factory: StorageFactory): void {
  describe('listing', () => {
    test('lists nothing under a prefix that holds nothing', async () => {
      await using subject = await factory()
      const { storage } = subject
      assert.deepEqual(await collect(storage.list('')), [])
      assert.deepEqual(await collect(storage.listLevel('x/')), [])
      assert.deepEqual(await collect(storage.listVersions('')), [])
      assert.deepEqual(await collect(storage.listUploads('')), [])
    })

    for (const pageSize of [2, 1000]) {
      test(`lists in byte order, by exact prefix, over pages of ${pageSize}`, async () => {
        await using subject = await factory()
        const { storage } = subject
        for (const key of keys.toReversed()) await storage.put(key, bytesOf(key))
        const list = async (prefix: string) =>
          (await collect(storage.list(prefix, { pageSize }))).map((object) => object.key)

        assert.deepEqual(await list(''), keys)
        assert.deepEqual(await list('a/'), ['a/1', 'a/2', 'a/2/x', 'a/3/y'])
        assert.deepEqual(await list('a'), ['a', 'a-b', 'a/1', 'a/2', 'a/2/x', 'a/3/y', 'a0'])
        assert.deepEqual(await list('a/2'), ['a/2', 'a/2/x'])
        assert.deepEqual(await list('d'), [])
      })

      test(`lists one level, objects and prefixes in one order, over pages of ${pageSize}`, async () => {
        await using subject = await factory()
        const { storage } = subject
        for (const key of keys) await storage.put(key, bytesOf(key))
        const level = async (prefix: string) =>
          (await collect(storage.listLevel(prefix, { pageSize }))).map((entry) =>
            entry.kind === 'object' ? entry.key : `(${entry.prefix})`,
          )

        assert.deepEqual(await level(''), ['a', 'a-b', '(a/)', 'a0', '(b/)', 'c'])
        assert.deepEqual(await level('a/'), ['a/1', 'a/2', '(a/2/)', '(a/3/)'])
        assert.deepEqual(await level('a/2'), ['a/2', '(a/2/)'])
      })
    }

    test('describes each object as head does', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('object', bytesOf('twelve bytes'))
      const [listed] = await collect(storage.list(''))
      const info = await storage.head('object')
      assert.equal(listed?.kind, 'object')
      assert.equal(listed.bytes, 12)
      assert.equal(listed.etag, info.etag)
      // A listing may carry fractions of a second that a header cannot.
      assert.ok(Math.abs(listed.lastModifiedMs - info.lastModifiedMs) < 2000)
    })

    test('sees each put and each delete at once', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (let round = 0; round < 3; round++) {
        await storage.put('object', bytesOf('x'))
        assert.equal((await collect(storage.list(''))).length, 1)
        await storage.delete('object')
        assert.equal((await collect(storage.list(''))).length, 0)
      }
    })

    test('can be left before its end', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (const key of keys) await storage.put(key, bytesOf(key))
      for await (const object of storage.list('', { pageSize: 2 })) {
        if (object.key === 'a/1') break
      }
      assert.equal((await collect(storage.list(''))).length, keys.length)
    })
  })
}
