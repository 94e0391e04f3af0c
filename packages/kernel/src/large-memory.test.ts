import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { allocateLarge, allocateLargeShared } from './large-memory.ts'

const bytes = 4 << 20

test('gives memory that is all zeros and as long as was asked for', () => {
  for (const buffer of [allocateLarge(bytes), Buffer.from(allocateLargeShared(bytes), 0, bytes)]) {
    assert.equal(buffer.byteLength, bytes)
    assert.ok(buffer.subarray(-1000).every((byte) => byte === 0))
    buffer.fill(7)
    assert.equal(buffer.at(-1), 7)
  }
})

test('is not of the heap of malloc', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  const before = heapBytes()
  const kept = Array.from({ length: 30 }, () => allocateLarge(100_000).fill(1))
  assert.equal(heapBytes(), before)
  assert.equal(kept.length, 30)
})

/** Of `[heap]`, from which malloc takes what is as small as that. */
function heapBytes(): number {
  const maps = readFileSync('/proc/self/maps', 'latin1')
  const [, start = '0', end = '0'] = /^(\w+)-(\w+) .*\[heap\]$/m.exec(maps) ?? []
  return Number.parseInt(end, 16) - Number.parseInt(start, 16)
}
