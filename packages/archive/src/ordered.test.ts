import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { mapOrdered, mapOrderedPromptly } from './ordered.ts'
import { gather } from './tar-samples.ts'

async function* numbers(count: number): AsyncGenerator<number> {
  for (let at = 0; at < count; at++) yield at
}

describe('mapOrderedPromptly', () => {
  it('is mapOrdered: in order, with so many at once, and the first error ends it', async () => {
    for (const map of [mapOrdered, mapOrderedPromptly]) {
      let [underWay, most] = [0, 0]
      const work = async (item: number) => {
        most = Math.max(most, ++underWay)
        for (let turn = 0; turn < 7 - (item % 7); turn++) await nextTurn()
        underWay--
        return item
      }
      const expected = Array.from({ length: 50 }, (_, at) => at)
      assert.deepEqual(await gather(map(numbers(50), 4, work)), expected)
      assert.equal(most, 4)
      const failing = map(numbers(50), 4, async (item) => {
        if (item === 9) throw new Error('no luck')
        return item
      })
      await assert.rejects(gather(failing), /no luck/)
    }
  })

  it('keeps nothing back while the next item is awaited', async () => {
    const gate = Promise.withResolvers<void>()
    let isEnded = false
    async function* slow(): AsyncGenerator<number> {
      try {
        yield 0
        yield 1
        await gate.promise
        yield 2
      } finally {
        isEnded = true
      }
    }
    const mapped = mapOrderedPromptly(slow(), 4, async (item) => item)
    assert.deepEqual((await mapped.next()).value, 0)
    assert.deepEqual((await mapped.next()).value, 1)
    const ending = mapped.return()
    gate.resolve()
    await ending
    assert.ok(isEnded)
  })
})
