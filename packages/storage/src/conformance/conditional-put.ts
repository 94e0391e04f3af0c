import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isStorageError } from '../errors.ts'
import { bytesOf, readAll, rejectsWith } from './arrange.ts'
import type { StorageFactory, StorageTraits } from './subject.ts'

export function describeConditionalPut(factory: StorageFactory, traits: StorageTraits): void {
  describe('conditional put', () => {
    test('creates once, then says already-exists and leaves the first as it was', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('slot', bytesOf('first'), { ifAbsent: true })
      await rejectsWith(
        'already-exists',
        storage.put('slot', bytesOf('second'), { ifAbsent: true }),
      )
      await rejectsWith('already-exists', storage.put('slot', bytesOf('first'), { ifAbsent: true }))
      assert.equal((await readAll(await storage.get('slot'))).toString(), 'first')
    })

    test('creates again after a delete', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('slot', bytesOf('first'), { ifAbsent: true })
      await storage.delete('slot')
      await storage.put('slot', bytesOf('second'), { ifAbsent: true })
      assert.equal((await readAll(await storage.get('slot'))).toString(), 'second')
    })

    test('says truly whether the store itself guards the condition', async () => {
      await using subject = await factory()
      const { storage } = subject
      await storage.put('slot', bytesOf('first'), { ifAbsent: true })
      assert.equal(storage.capabilities.conditionalPut, traits.conditionalPut)
    })

    if (!traits.conditionalPut) return
    test('lets exactly one of many win', async () => {
      await using subject = await factory()
      const { storage } = subject
      for (let round = 0; round < 3; round++) {
        const key = `slot-${round}`
        const contenders = Array.from({ length: 8 }, (_, index) => `contender ${index}`)
        const results = await Promise.allSettled(
          contenders.map((name) => storage.put(key, bytesOf(name), { ifAbsent: true })),
        )
        const winners = contenders.filter((_, index) => results[index]?.status === 'fulfilled')
        const left = results.filter((result) => result.status === 'rejected')
        assert.equal(winners.length, 1)
        assert.ok(left.every((result) => isStorageError(result.reason)))
        assert.equal((await readAll(await storage.get(key))).toString(), winners[0])
      }
    })
  })
}
