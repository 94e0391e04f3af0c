import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytesOf, collect, readAll, rejectsWith } from './arrange.ts'
import type { StorageFactory, StorageTraits } from './subject.ts'

export function describeVersions(factory: StorageFactory, traits: StorageTraits): void {
  if (traits.versioned) describeVersionedBucket(factory)
  else describeUnversionedBucket(factory)
}

function describeUnversionedBucket(factory: StorageFactory): void {
  describe('versions, of a bucket without', () => {
    test('lists the objects, each as its only version', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('a', bytesOf('1'))
      await storage.put('a', bytesOf('22'))
      await storage.put('b', bytesOf('333'))
      const versions = await collect(storage.listVersions('', { pageSize: 1 }))
      assert.deepEqual(
        versions.map(({ key, bytes, isLatest, isDeleteMarker }) => ({
          key,
          bytes,
          isLatest,
          isDeleteMarker,
        })),
        [
          { key: 'a', bytes: 2, isLatest: true, isDeleteMarker: false },
          { key: 'b', bytes: 3, isLatest: true, isDeleteMarker: false },
        ],
      )
    })

    test('deletes by the version that the listing gave', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('a', bytesOf('1'))
      for (const { key, versionId } of await collect(storage.listVersions(''))) {
        await storage.delete(key, { versionId })
      }
      await rejectsWith('not-found', storage.head('a'))
      assert.deepEqual(await collect(storage.listVersions('')), [])
    })
  })
}

function describeVersionedBucket(factory: StorageFactory): void {
  describe('versions', () => {
    test('keeps every version, newest first, over pages', async () => {
      await using subject = await factory()
      const { storage } = subject
      const first = await storage.put('a', bytesOf('1'))
      const second = await storage.put('a', bytesOf('22'))
      const other = await storage.put('b', bytesOf('333'))
      assert.ok(first.versionId)
      const versions = await collect(storage.listVersions('', { pageSize: 1 }))
      assert.deepEqual(
        versions.map(({ key, versionId, isLatest }) => ({ key, versionId, isLatest })),
        [
          { key: 'a', versionId: second.versionId, isLatest: true },
          { key: 'a', versionId: first.versionId, isLatest: false },
          { key: 'b', versionId: other.versionId, isLatest: true },
        ],
      )
      const older = await storage.get('a', { versionId: first.versionId })
      assert.equal((await readAll(older)).toString(), '1')
      assert.equal((await storage.head('a', { versionId: first.versionId })).bytes, 1)
    })

    test('only hides by a delete without version', async () => {
      await using subject = await factory()
      const { storage } = subject
      const { versionId } = await storage.put('a', bytesOf('1'))
      await storage.delete('a')
      await rejectsWith('not-found', storage.head('a'))
      assert.deepEqual(await collect(storage.list('')), [])
      const versions = await collect(storage.listVersions(''))
      assert.deepEqual(
        versions.map((version) => version.isDeleteMarker),
        [true, false],
      )
      assert.equal((await readAll(await storage.get('a', { versionId }))).toString(), '1')
    })

    test('removes exactly the version that is named', async () => {
      await using subject = await factory()
      const { storage } = subject
      const first = await storage.put('a', bytesOf('1'))
      const second = await storage.put('a', bytesOf('22'))
      await storage.delete('a', { versionId: first.versionId })
      assert.equal((await storage.head('a')).versionId, second.versionId)
      await storage.delete('a', { versionId: second.versionId })
      await storage.delete('a', { versionId: second.versionId })
      assert.deepEqual(await collect(storage.listVersions('')), [])
    })
  })
}
