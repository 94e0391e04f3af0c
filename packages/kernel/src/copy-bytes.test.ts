import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { copyBytes } from './copy-bytes.ts'

test('copies bytes of any number to any place, into memory of its own and shared memory', () => {
  const random = randomBytes(1000)
  for (const memory of [new ArrayBuffer(2000), new SharedArrayBuffer(2000)]) {
    const target = new Uint8Array(memory)
    for (const size of [0, 1, 2, 3, 511, 1000]) {
      for (const start of [0, 1, 7]) {
        const source = random.subarray(start, start + size)
        target.fill(0)
        copyBytes(source, target, 13)
        const expected = Buffer.concat([Buffer.alloc(13), source])
        assert.deepEqual(Buffer.from(target.subarray(0, expected.length)), expected)
        assert.ok(target.subarray(expected.length).every((byte) => byte === 0))
      }
    }
  }
})

test('copies out of shared memory', () => {
  const source = new Uint8Array(new SharedArrayBuffer(3))
  source.set([1, 2, 3])
  const target = new Uint8Array(4)
  copyBytes(source, target, 1)
  assert.deepEqual([...target], [0, 1, 2, 3])
})

test('refuses what does not fit, and changes nothing', () => {
  const target = new Uint8Array(4)
  for (const at of [2, 4, 5, -1]) {
    assert.throws(() => copyBytes(new Uint8Array([1, 2, 3]), target, at), RangeError)
  }
  assert.deepEqual([...target], [0, 0, 0, 0])
})
