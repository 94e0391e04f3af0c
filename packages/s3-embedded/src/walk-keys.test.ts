import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareKeys } from './key-order.ts'
import { SortedKeys } from './sorted-keys.ts'
import { type Walk, walkKeys } from './walk-keys.ts'

test('orders keys by their UTF-8 bytes, not by UTF-16 units', () => {
  const keys = ['a', 'a\u{1f600}', 'a\uffee', 'a\u00e9', 'ab', '', 'a\ud7ff', 'a\ue000']
  const byBytes = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
  assert.deepEqual([...keys].sort(compareKeys), byBytes)
  assert.deepEqual(listed(new SortedKeys(keys), {}), byBytes)
})

test('keeps its order through additions and removals', () => {
  const keys = new SortedKeys()
  const model = new Set<string>()
  for (let at = 0; at < 2000; at++) {
    const key = String((at * 7919) % 613)
    if (at % 3 === 0) {
      keys.delete(key)
      model.delete(key)
    } else {
      keys.add(key)
      model.add(key)
    }
  }
  assert.deepEqual(listed(keys, {}), [...model].sort(compareKeys))
})

test('folds what lies behind a delimiter into common prefixes', () => {
  const keys = new SortedKeys(['a/1', 'a/2/x', 'a/2/y', 'a0', 'b/', 'b/c', 'p'])
  assert.deepEqual(listed(keys, { delimiter: '/' }), ['a/ …', 'a0', 'b/ …', 'p'])
  assert.deepEqual(listed(keys, { delimiter: '/', prefix: 'a/' }), ['a/1', 'a/2/ …'])
  assert.deepEqual(listed(keys, { delimiter: '/', prefix: 'b/' }), ['b/', 'b/c'])
})

test('goes on behind a common prefix, and shows one it begins within', () => {
  const keys = new SortedKeys(['a/1', 'a/2', 'b'])
  assert.deepEqual(listed(keys, { delimiter: '/', after: 'a/' }), ['b'])
  assert.deepEqual(listed(keys, { delimiter: '/', after: 'a/1' }), ['a/ …', 'b'])
})

test('leaves out hidden keys and prefixes that hold nothing else', () => {
  const keys = new SortedKeys(['a/1', 'a/2', 'b/1', 'c'])
  const isVisible = (key: string): boolean => !key.startsWith('a/') && key !== 'c'
  assert.deepEqual(listed(keys, { delimiter: '/', isVisible }), ['b/ …'])
})

test('steps over a prefix of 100,000 keys without looking at each', () => {
  const many = Array.from({ length: 100_000 }, (_, at) => `dir/${at}`)
  const keys = new SortedKeys([...many, 'z'])
  let looks = 0
  const isVisible = (): boolean => {
    looks++
    return true
  }
  assert.deepEqual(listed(keys, { delimiter: '/', isVisible }), ['dir/ …', 'z'])
  assert.equal(looks, 2)
})

function listed(keys: SortedKeys, walk: Partial<Walk>): string[] {
  const found = walkKeys(keys, {
    prefix: '',
    delimiter: '',
    after: '',
    isVisible: () => true,
    ...walk,
  })
  return [...found].map(({ kind, key }) => (kind === 'prefix' ? `${key} …` : key))
}
