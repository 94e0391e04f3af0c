import assert from 'node:assert/strict'
import { test } from 'node:test'
import { releaseChunk } from './release-chunk.ts'

test('gives back memory that is the chunk and nothing else', () => {
  const chunk = Buffer.alloc(65_536, 'a')
  releaseChunk(chunk)
  assert.equal(chunk.length, 0)
})

test('leaves memory alone that others have a part of', () => {
  const memory = Buffer.alloc(65_536, 'a')
  releaseChunk(memory.subarray(1))
  releaseChunk(Buffer.from('small, and so from the pool'))
  assert.equal(memory.toString('utf8', 0, 3), 'aaa')
})
