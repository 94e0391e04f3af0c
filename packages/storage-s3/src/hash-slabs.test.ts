import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giveSlabBack, takeSlab } from './hash-slabs.ts'

test('gives the slabs of one upload to the next, and keeps no more than a few', () => {
  const first = Array.from({ length: 40 }, takeSlab)
  for (const slab of first) giveSlabBack(slab)
  const second = Array.from({ length: 40 }, takeSlab)
  assert.equal(new Set(second).size, 40)
  assert.equal(second.filter((slab) => first.includes(slab)).length, 8)
})
