import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { combineCrc32 } from './combine-crc32.ts'

test('is the CRC-32 of both together', () => {
  const bytes = Buffer.alloc(5000, 'any bytes, over and over')
  for (const cut of [0, 1, 2, 255, 256, 257, 1000, 4096, 4999, 5000]) {
    const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)]
    assert.equal(combineCrc32(crc32(first), crc32(second), second.byteLength), crc32(bytes))
  }
})

test('takes lengths beyond 32 bits', () => {
  // Zeros up to 8 GiB, doubled from a mebibyte of them.
  let bytes = 1 << 20
  let zeros = crc32(Buffer.alloc(bytes))
  for (; bytes < 2 ** 33; bytes *= 2) zeros = combineCrc32(zeros, zeros, bytes)
  const half = combineCrc32(crc32('x'), zeros, bytes)
  assert.equal(
    combineCrc32(half, crc32('y'), 1),
    combineCrc32(crc32('x'), combineCrc32(zeros, crc32('y'), 1), bytes + 1),
  )
})
